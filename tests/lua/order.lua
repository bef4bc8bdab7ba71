-- order.lua -- who runs when: forks, wakeups, yields, timers of one service.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local trail = {}
local function note(what)
  trail[#trail + 1] = what
end
local function taken()
  local text = table.concat(trail, " ")
  trail = {}
  return text
end

util.run(function()
  -- Forks run when the coroutine suspends, before its yield returns; forks of forks too.
  skynet.fork(function()
    note "a"
    skynet.fork(note, "c")
  end)
  skynet.fork(note, "b")
  note "first"
  skynet.yield()
  note "yielded"
  print(taken())                                    -- expect: first a b c yielded

  -- Wakeups before forks, in the order of the calls; what a woken one wakes or forks comes behind.
  for i = 1, 3 do
    skynet.fork(function()
      skynet.wait(i)
      note("woken" .. i)
      if i == 2 then
        skynet.wakeup(3)
        skynet.fork(note, "fork2")
      end
    end)
  end
  skynet.yield()
  skynet.fork(note, "fork1")
  skynet.wakeup(2)
  skynet.wakeup(1)
  note "before"
  skynet.yield()
  print(taken())
  -- expect: before woken2 woken1 woken3 fork1 fork2

  -- yield goes to the end of the queue: messages that are there come first.
  skynet.dispatch("lua", function(_, _, what) note(what) end)
  for i = 1, 3 do
    skynet.send(skynet.self(), "lua", "m" .. i)
  end
  skynet.yield()
  note "back"
  print(taken())                                    -- expect: m1 m2 m3 back

  -- Timers of 0 ticks and sends keep their common order.
  skynet.timeout(0, function() note "t1" end)
  skynet.send(skynet.self(), "lua", "m1")
  skynet.timeout(-5, function() note "t2" end)
  skynet.send(skynet.self(), "lua", "m2")
  skynet.yield()
  print(taken())                                    -- expect: t1 m1 t2 m2

  -- Equal expiry: in order of creation. Shorter first, fractions count.
  for i = 1, 5 do
    skynet.timeout(3, function() note(i) end)
  end
  util.wait_for(function() return #trail == 5 end)
  print(taken())                                    -- expect: 1 2 3 4 5
  skynet.timeout(6, function() note "6" end)
  skynet.timeout(2.5, function() note "2.5" end)
  skynet.timeout(0.5, function() note "0.5" end)
  util.wait_for(function() return #trail == 3 end)
  print(taken())                                    -- expect: 0.5 2.5 6

  -- A handler that blocks lets later messages overtake it.
  skynet.dispatch("lua", function(_, _, what)
    if what == "slow" then
      skynet.wait "go"
    end
    note(what)
  end)
  skynet.send(skynet.self(), "lua", "slow")
  skynet.send(skynet.self(), "lua", "fast")
  skynet.yield()
  skynet.wakeup "go"
  skynet.yield()
  print(taken())                                    -- expect: fast slow
end)
