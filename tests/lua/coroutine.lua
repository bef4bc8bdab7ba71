-- coroutine.lua -- blocking calls pass outward through stock coroutines; a user's yield does not.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  local function ask(v) return (util.eval(peer, "return ...", v)) end

  -- A generator that blocks between its yields.
  local gen = coroutine.wrap(function(n)
    for i = 1, n do
      skynet.sleep(0)
      coroutine.yield(ask(i * i))
    end
    return "done"
  end)
  print(gen(3), gen(), gen(), gen())                -- expect: 1 4 9 done
  print(util.try("cannot resume dead coroutine", gen))
  -- expect: raises cannot resume dead coroutine

  -- Three deep, each level yielding and blocking; nils are kept.
  local function level(depth)
    return coroutine.create(function(...)
      if depth == 0 then
        skynet.yield()
        local back = coroutine.yield(nil, ask "bottom", nil)
        return back, select("#", ...)
      end
      local inner = level(depth - 1)
      local got = table.pack(coroutine.resume(inner, ...))
      local sent = coroutine.yield(table.unpack(got, 2, got.n))
      skynet.sleep(0)
      return select(2, coroutine.resume(inner, ask(sent)))
    end)
  end
  local top = level(3)
  print(util.show(coroutine.resume(top, nil, 2, nil))) -- expect: true nil "bottom" nil
  print(util.show(coroutine.resume(top, "answer")))    -- expect: true "answer" 3
  print(coroutine.status(top))                         -- expect: dead

  -- Errors come through resume and wrap, after blocks.
  local object = {}
  local ok, err = coroutine.resume(coroutine.create(function() ask(1) error(object) end))
  print(ok, err == object)                          -- expect: false true
  ok, err = pcall(coroutine.wrap(function() ask(1) error(object) end))
  print(ok, err == object)                          -- expect: false true
  ok, err = pcall(coroutine.wrap(function() ask(1) error("text", 0) end))
  print(ok, err:match "text")                       -- expect: false text

  -- The failed call inside.
  print(util.show(coroutine.resume(coroutine.create(function()
    return util.try("call failed", util.eval, peer, "error 'x'")
  end))))                                           -- expect: true "raises call failed"

  -- Who is who inside.
  print(coroutine.wrap(function()
    local thread, is_main = coroutine.running()
    local same = coroutine.running() == thread
    skynet.yield()
    return same and coroutine.running() == thread, is_main, coroutine.isyieldable()
  end)())                                           -- expect: true false true

  -- wait and wakeup by the inner thread; sleep too.
  local inner, woken
  skynet.fork(function()
    woken = coroutine.wrap(function()
      inner = coroutine.running()
      return skynet.sleep(1e6)
    end)()
  end)
  skynet.yield()
  print(skynet.wakeup(inner))                       -- expect: true
  skynet.yield()
  print(woken)                                      -- expect: BREAK

  -- Blocked in another service coroutine: nobody else may resume or see it as ready.
  local co = coroutine.create(function() skynet.wait "go" return "went" end)
  local result
  skynet.fork(function() result = util.show(coroutine.resume(co)) end)
  skynet.yield()
  print(util.show(coroutine.resume(co)))
  -- expect: false "cannot resume a skynet coroutine suspend by skynet framework"
  print(util.try("suspend by skynet framework", coroutine.wrap(function()
    return assert(coroutine.resume(co))
  end)))                                            -- expect: raises suspend by skynet framework
  skynet.wakeup "go"
  skynet.yield()
  print(result, coroutine.status(co))               -- expect: true "went" dead

  -- A user's coroutine may move between service coroutines at its own yields.
  co = coroutine.create(function(a)
    local b = coroutine.yield(ask(a))
    local c = coroutine.yield(ask(b))
    return ask(c)
  end)
  local trail = {}
  for i = 1, 3 do
    skynet.fork(function() trail[#trail + 1] = util.show(coroutine.resume(co, i)) end)
    util.wait_for(function() return #trail == i end)
  end
  print(table.concat(trail, " "))                   -- expect: true 1 true 2 true 3

  -- coroutine.close: of one that yielded; of one that blocks, whose resume then fails.
  local closed
  local function guarded(f)
    return coroutine.create(function()
      local g <close> = setmetatable({}, { __close = function() closed = true end })
      f()
    end)
  end
  co = guarded(coroutine.yield)
  coroutine.resume(co)
  print(coroutine.close(co), closed)                -- expect: true true
  closed = nil
  co = guarded(function() skynet.wait "close" end)
  result = nil
  skynet.fork(function() result = util.show(coroutine.resume(co)) end)
  skynet.yield()
  print(coroutine.close(co), closed, coroutine.status(co))  -- expect: true true dead
  skynet.wakeup "close"
  skynet.yield()
  print(result)                       -- expect: false "cannot resume dead coroutine"
  print(util.try("cannot close a service coroutine", coroutine.close, skynet.fork(skynet.wait)))
  -- expect: raises cannot close a service coroutine
  print(util.try("cannot close a running coroutine", coroutine.close, coroutine.running()))
  -- expect: raises cannot close a running coroutine

  -- 100 levels, and many at once.
  local function nest(n)
    if n == 0 then
      return ask "deep"
    end
    return coroutine.wrap(nest)(n - 1)
  end
  print(nest(100))                                  -- expect: deep
  local count = 0
  for i = 1, 500 do
    skynet.fork(function()
      local one = coroutine.wrap(function()
        return coroutine.wrap(function() skynet.sleep(i % 3) return 1 end)()
      end)()
      count = count + one
    end)
  end
  util.wait_for(function() return count == 500 end)
  print(count)                                      -- expect: 500

  -- Killed, collected while blocked: nothing is left.
  for _ = 1, 100 do
    local thread = skynet.fork(function()
      coroutine.wrap(function() skynet.call(peer, "lua", "eval", "skynet.wait()") end)()
    end)
    skynet.yield()
    skynet.killthread(thread)
  end
  collectgarbage()
  print(util.task_count(), ask "alive")             -- expect: 1 alive
end)
