-- service.lua -- services made of a function: one per name, failures, queries, closing.
-- threads: 1 2
local skynet = require "skynet"
local service = require "skynet.service"
local util = require "support.util"
local print = util.print

local function counter(step, table_argument)
  local skynet = require "skynet"
  local n = 0
  skynet.sleep(1)
  skynet.dispatch("lua", function()
    n = n + step
    skynet.retpack(n, table_argument and table_argument.x, SERVICE_NAME)
  end)
  skynet.start(function()
    n = n + 100
  end)
end

util.run(function()
  -- Concurrent starts and queries get the same one.
  local handles = {}
  for i = 1, 3 do
    skynet.fork(function() handles[i] = service.new("counter", counter, 5, { x = "y" }) end)
    skynet.fork(function() handles[i + 3] = service.query "counter" end)
  end
  util.wait_for(function() return #handles == 6 end)
  local is_same = true
  for i = 2, 6 do
    is_same = is_same and handles[i] == handles[1]
  end
  print(is_same)                                    -- expect: true
  print(skynet.call(handles[1], "lua"))             -- expect: 105 y service_cell
  print(service.new("counter", "not looked at") == handles[1])  -- expect: true

  -- Functions that cannot travel; a failure stays until it is closed.
  print(util.try("assertion failed", service.new, "other", function() return handles end))
  -- expect: raises assertion failed
  print(util.try("call failed", service.new, "other", function() error "told you" end))
  -- expect: raises call failed
  print(util.try("call failed", service.query, "other"))  -- expect: raises call failed
  print(service.close "other", service.close "nobody")    -- expect: false false
  local other = service.new("other", function() local _ = _ENV end)
  print(util.try("call failed", skynet.call, other, "lua", "init"))  -- expect: raises call failed

  -- A query of a name that is closed before anybody starts it.
  local result
  skynet.fork(function() result = util.try("call failed", service.query, "never") end)
  util.wait_for(function()
    return skynet.call(".service", "lua", "LIST") and service.close "never" == false and result
  end)
  print(result)                                     -- expect: raises call failed

  print(service.close "counter", util.wait_for(function() return util.is_gone(handles[1]) end))
  -- expect: true true
  local provider = skynet.queryservice "service_provider"
  local info = skynet.call(provider, "debug", "INFO")[skynet.address(other)]
  local has_time = info.time:find "^%d+ %a+ %d+ %d+:%d+:%d+ [+-]%d+$" ~= nil
  print(info.name, info.init, info.status, has_time)
  -- expect: other  nil true
end)
