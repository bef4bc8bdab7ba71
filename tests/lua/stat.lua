-- stat.lua -- counters of a service, and the table of who waits for whom.
-- threads: 2
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  -- Messages, mailbox high-water mark, CPU time, memory.
  local peer = util.peer()
  util.eval(peer, "skein = require 'skein'")
  local before = util.eval(peer, "return skein.stat()")
  for _ = 1, 100 do
    skynet.send(peer, "lua", "eval", "x = 1")
  end
  local after = util.eval(peer, "return skein.stat()")
  print(after.message - before.message)             -- expect: 101
  print(after.task, after.mqlen)                    -- expect: 0 0
  print(util.eval(peer, "return skynet.stat 'message' >= 100, skynet.mqlen()")) -- expect: true 0
  for i = 1, 50 do
    skynet.send(skynet.self(), "lua", i)
  end
  skynet.dispatch("lua", function() end)
  print(skynet.mqlen() >= 50, skynet.stat "mqlen" >= 50) -- expect: true true
  skynet.yield()
  print(skynet.mqlen(), skein.stat().mqmax >= 50)   -- expect: 0 true

  local cpu = skynet.stat "cpu"
  local last = skynet.hpc() + 2e7
  while skynet.hpc() < last do end
  print(skynet.stat "time" >= 0.005)                -- expect: true
  skynet.yield()
  print(skynet.stat "cpu" - cpu >= 0.005)           -- expect: true
  print(skynet.stat "no such thing")                -- expect: 0
  collectgarbage()
  local memory = skein.stat().memory
  local big = ("x"):rep(1 << 20)
  print(skein.stat().memory - memory >= #big)       -- expect: true
  big = nil
  collectgarbage()
  print(skein.stat().memory < memory + (1 << 20), skein.stat().memory_max >= memory + (1 << 20))
  -- expect: true true

  -- Who waits for whom.
  local function hanging_call()
    skynet.call(peer, "lua", "eval", "skynet.wait 'go'")
  end
  skynet.fork(hanging_call)
  skynet.fork(skynet.sleep, 1e6)
  skynet.fork(skynet.wait, "token")
  skynet.yield()
  local kinds, call = {}, nil
  for _, wait in ipairs(skein.waits()) do
    kinds[#kinds + 1] = wait.kind
    if wait.kind == "call" then
      call = wait
    end
  end
  table.sort(kinds)
  print(table.concat(kinds, " "))                   -- expect: call sleep wait
  print(call.callee == peer, math.type(call.session), call.stack:match "stat.lua:%d+" ~= nil)
  -- expect: true integer true
  print(call.since >= 0)                            -- expect: true
  util.eval(peer, "skynet.wakeup 'go'")
  skynet.wakeup "token"
  util.wait_for(function() return #skein.waits() == 1 end)
  print(#skein.waits())                             -- expect: 1
end)
