-- wait.lua -- sleep, wait, wakeup, timeout: results, tokens, bad arguments, fractions of a tick.
-- threads: 1 8
-- serial
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local got = {}
  local function forked(name, f, ...)
    local args = table.pack(...)
    local co = skynet.fork(function()
      got[name] = util.show(f(table.unpack(args, 1, args.n)))
    end)
    skynet.yield()
    return co
  end
  local function result(name)
    util.wait_for(function() return got[name] end, name)
    return got[name]
  end

  print(util.show(skynet.sleep(0)), util.show(skynet.sleep(1)), util.show(skynet.yield()))
  -- expect: nothing nothing nothing
  local co = forked("sleeper", skynet.sleep, 1e6)
  print(util.show(skynet.wakeup(co)), result "sleeper") -- expect: true "BREAK"
  print(util.show(skynet.wakeup(co)))               -- expect: nothing
  co = forked("waiter", skynet.wait)
  print(util.show(skynet.wakeup(co)), result "waiter")  -- expect: true nothing

  for _, token in ipairs { "text", 42, 1.5, true, {}, print } do
    forked("token", skynet.wait, token)
    got.token = nil
    print(util.show(skynet.wakeup(token)), result "token")
    -- expect: true nothing
    -- expect: true nothing
    -- expect: true nothing
    -- expect: true nothing
    -- expect: true nothing
    -- expect: true nothing
  end
  forked("number", skynet.wait, 7)
  print(util.show(skynet.wakeup(7.0)), result "number") -- expect: true nothing

  -- A token has one sleeper; the refused one leaves nothing behind.
  forked("one", skynet.wait, "one")
  local before = util.task_count()
  print(util.try("token duplicative", skynet.wait, "one"))     -- expect: raises token duplicative
  print(util.try("token duplicative", skynet.sleep, 1, "one")) -- expect: raises token duplicative
  print(util.task_count() - before)                 -- expect: 0
  skynet.wakeup "one"
  print(result "one")                               -- expect: nothing
  print(util.try("", skynet.sleep, 1, 0 / 0):sub(1, 6))        -- expect: raises

  -- Bad arguments.
  for _, bad in ipairs { "x", {}, 0 / 0 } do
    print(util.try("bad argument #1", skynet.sleep, bad), util.try("bad argument #1",
      skynet.timeout, bad, print))
    -- expect: raises bad argument #1 raises bad argument #1
    -- expect: raises bad argument #1 raises bad argument #1
    -- expect: raises bad argument #1 raises bad argument #1
  end
  print(util.task_count())                          -- expect: 0

  -- An early wakeup is not remembered; the old timer does no harm to the next sleep.
  print(util.show(skynet.wakeup "early"))           -- expect: nothing
  skynet.fork(function()
    got.a = util.show(skynet.sleep(2, "again"))
    got.b = util.show(skynet.sleep(4, "again"))
    got.c = util.show(skynet.wait "again")
  end)
  skynet.yield()
  skynet.wakeup "again"
  print(result "a", result "b", got.c)              -- expect: "BREAK" nothing nil
  skynet.wakeup "again"
  print(result "c")                                 -- expect: nothing

  -- Arguments of a fork are kept, nils included; timeout calls without any.
  skynet.fork(function(...) got.fork = util.show(...) end, nil, 1, nil)
  skynet.timeout(0, function(...) got.timer = util.show(...) end)
  print(result "fork", result "timer")              -- expect: nil 1 nil nothing
  local thread = skynet.fork(function() got.thread = coroutine.running() end)
  print(coroutine.status(thread))                   -- expect: suspended
  print(result "thread" == thread)                  -- expect: true

  -- Fractions of a tick, by the nanosecond clock: never early.
  for _, ticks in ipairs { 0.1, 0.5, 1.5, 2 } do
    local start = skynet.hpc()
    skynet.sleep(ticks)
    local passed = (skynet.hpc() - start) / 1e7
    print(ticks, passed >= ticks * 0.99 and "in time" or passed)
    -- expect: 0.1 in time
    -- expect: 0.5 in time
    -- expect: 1.5 in time
    -- expect: 2 in time
  end
  local start = skynet.hpc()
  for _ = 1, 40 do
    skynet.sleep(0.1)
  end
  print((skynet.hpc() - start) / 1e7 < 40)          -- expect: true

  -- Many at once.
  local count = 0
  for i = 1, 10000 do
    skynet.fork(function()
      skynet.wait(i)
      count = count + 1
    end)
  end
  skynet.yield()
  print(util.task_count())                          -- expect: 10000
  for i = 1, 10000 do
    skynet.wakeup(i)
  end
  skynet.yield()
  print(count, util.task_count())                   -- expect: 10000 0
end)
