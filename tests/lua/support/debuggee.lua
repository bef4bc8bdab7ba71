-- debuggee.lua -- what the remote debugger's tests stop and step through.
-- helper: for the remote debugger
local skynet = require "skynet"

local count = 0
local CMD = {}

local function twice(n)
  local doubled = n * 2
  return doubled
end

function CMD.add(n)
  local before = count
  count = count + n
  local result = twice(count)
  skynet.retpack(result, before)
end

function CMD.sleep(n)
  skynet.sleep(n)
  skynet.retpack "slept"
end

function CMD.fail()
  error "told to"
end

function CMD.sort(list)
  table.sort(list, function(a, b)
    return a < b
  end)
  skynet.retpack(list)
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, name, ...)
    CMD[name](...)
  end)
end)
