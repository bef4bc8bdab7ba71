--- Services whose code is a function: one instance per name and process.
--
-- service.new(name, f, ...), service.query(name), service.close(name): see service_provider.lua.
local skynet = require "skynet"

local service = {}

local cache = {}  -- name -> handle
local provider

local function ask(...)
  provider = provider or skynet.uniqueservice "service_provider"
  return skynet.call(provider, "lua", ...)
end

--- The function travels as bytecode: it must not use anything but globals.
local function check_function(f)
  assert(type(f) == "function", "assertion failed! (a function expected)")
  local is_alone = debug.getupvalue(f, 1) == "_ENV" and debug.getupvalue(f, 2) == nil
  assert(is_alone, "assertion failed! (the function must have one upvalue, _ENV)")
end

--- Starts the service unless it exists; its handle.
function service.new(name, mainfunc, ...)
  local handle, is_starting = ask("test", name)
  if not handle then
    if is_starting then
      handle = service.query(name)
    else
      check_function(mainfunc)
      handle = ask("launch", name, string.dump(mainfunc), ...)
    end
  end
  cache[name] = handle
  return handle
end

--- Waits until somebody has started the service; its handle.
function service.query(name)
  if not cache[name] then
    cache[name] = ask("query", name)
  end
  return cache[name]
end

--- Kills the service. False when there is none, or it is still starting.
function service.close(name)
  local handle = ask("close", name)
  if not handle then
    return false
  end
  cache[name] = nil
  skynet.kill(handle)
  return true
end

return service
