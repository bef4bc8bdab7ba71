--- A supervisor in a service of its own: newservice("skein_supervisor", "module", args...).
--
-- The module returns the settings of skein.supervisor, or a function that makes them of the
-- arguments. Without a module the service waits for "init" with the settings: a nested supervisor.
local skynet = require "skynet"
local link = require "skein.link"
local supervisor = require "skein.supervisor"

local module = ...
local arguments = table.pack(select(2, ...))
local sup

local command = {}

function command.init(spec)
  if sup then
    return nil, "supervisor: it has started already"
  end
  local ok, result, why = pcall(supervisor.start, spec)
  if not ok then
    return nil, tostring(result)
  end
  sup = result
  return sup and true, why
end

--- Each of these is the method of the object.
for _, name in ipairs { "which", "count", "handle", "restart", "terminate", "start_child",
  "delete" } do
  command[name] = function(...)
    if not sup then
      return nil, "supervisor: it has not started"
    end
    return sup[name](sup, ...)
  end
end

--- Stops the children, then this service.
function command.stop()
  skynet.retpack(sup and sup:stop())
  link.exit "shutdown"
end

skynet.dispatch("lua", function(session, _, name, ...)
  local f = command[name]
  local results = f and table.pack(pcall(f, ...)) or
    table.pack(false, "supervisor: unknown command " .. tostring(name))
  if session == 0 or not skynet.context() then
    return
  elseif results[1] then
    skynet.retpack(table.unpack(results, 2, results.n))
  else
    skynet.retpack(nil, tostring(results[2]))
  end
end)

skynet.start(function()
  if not module then
    return
  end
  local spec = require(module)
  if type(spec) == "function" then
    spec = spec(table.unpack(arguments, 1, arguments.n))
  end
  sup = assert(supervisor.start(spec))
end)
