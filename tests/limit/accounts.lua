-- accounts.lua -- accounts of CPU time: the range of their numbers, and who is charged.
-- threads: 1 2
local skynet = require "skynet"
local core = require "skynet.core"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local LAST = 65535
print(try("only in a service coroutine", core.charge, 1))
-- expect: raises only in a service coroutine

util.run(function()
  for _, number in ipairs { 0, -1, LAST + 1, math.maxinteger } do
    print(try("account out of range", core.charge, number),
      try("account out of range", core.charged, number))
  end
  -- expect: raises account out of range raises account out of range
  -- expect: raises account out of range raises account out of range
  -- expect: raises account out of range raises account out of range
  -- expect: raises account out of range raises account out of range
  print(show(core.charged(LAST)))                           -- expect: 0 0.0

  -- The end of a coroutine is counted, whichever it is; the last account is the one charged.
  local function run(account, f)
    local thread = skynet.fork(function()
      core.charge(LAST)
      core.charge(account)
      f()
    end)
    skynet.yield()
    skynet.killthread(thread)
  end
  run(1, function() end)
  run(1, function() skynet.wait "x" end)
  run(1, function() coroutine.wrap(function() skynet.sleep(0) end)() end)
  skynet.yield()
  skynet.yield()
  print((core.charged(1)), (core.charged(LAST)), (core.charged(2)))     -- expect: 3 3 0

  -- Only what runs is charged, inner coroutines included.
  local function burn(seconds)
    local last = skynet.hpc() + seconds * 1e9
    repeat until skynet.hpc() >= last
  end
  run(2, function() coroutine.wrap(burn)(0.05) end)
  run(3, function() skynet.wait "never" end)
  local _, busy = core.charged(2)
  local _, idle = core.charged(3)
  print(busy >= 0.05, idle < busy)                          -- expect: true true
end)
