-- coroutine_close.lua -- closing a coroutine that is blocked, and resuming what may not be resumed.
-- threads: 1 2
local skynet = require "skynet"
local co = require "skynet.coroutine"
local util = require "support.util"
local print = util.print

util.run(function()
  local closed = {}
  local function guard(name)
    return setmetatable({}, { __close = function() closed[#closed + 1] = name end })
  end

  -- Three levels, blocked on a token; the middle one is closed. The inner one is closed with it.
  local middle
  local result
  local outer = skynet.fork(function()
    middle = coroutine.create(function()
      local g <close> = guard "middle"
      coroutine.wrap(function()
        local g2 <close> = guard "inner"
        skynet.wait "token"
      end)()
    end)
    result = table.pack(coroutine.resume(middle))
    skynet.wait "outer"
  end)
  skynet.yield()
  print(coroutine.close(middle), table.concat(closed, " "))  -- expect: true inner middle
  print(coroutine.status(middle), result)           -- expect: dead nil
  collectgarbage()
  print(skynet.wakeup "token")                      -- expect: true
  skynet.yield()
  print(result[1], result[2])                       -- expect: false cannot resume dead coroutine
  print(skynet.wakeup "token", skynet.wakeup "outer")  -- expect: nil true
  skynet.yield()

  -- The same, and the service coroutine is killed before the wait ends.
  closed = {}
  outer = skynet.fork(function()
    local g <close> = guard "outer"
    middle = co.create(function()
      local g2 <close> = guard "middle"
      co.wrap(function() skynet.sleep(1e6) end)()
    end)
    co.resume(middle)
  end)
  skynet.yield()
  print(co.status(middle), co.close(middle))        -- expect: blocked true
  collectgarbage()
  print(skynet.killthread(outer) == outer, table.concat(closed, " "))  -- expect: true middle outer
  print(util.show(co.resume(middle)))               -- expect: false "cannot resume dead coroutine"

  -- A service coroutine that waits is nobody's to resume.
  local sleeper = skynet.fork(function() skynet.wait "sleeper" end)
  print(util.show(coroutine.resume(sleeper)))
  -- expect: false "cannot resume a service coroutine (it waits for something)"
  skynet.yield()
  print(util.show(coroutine.resume(sleeper)))
  -- expect: false "cannot resume a service coroutine (it waits for something)"
  print(util.show(co.resume(sleeper)))
  -- expect: false "cannot resume none skynet coroutine"
  print(skynet.wakeup "sleeper")                    -- expect: true

  print(util.try("Call skynet.coroutine.yield out of skynet.coroutine.resume", co.yield, 1))
  -- expect: raises Call skynet.coroutine.yield out of skynet.coroutine.resume
end)
