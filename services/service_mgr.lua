--- .service: unique services, one per name and process (or network). See skynet.uniqueservice.
local skynet = require "skynet"
require "skynet.manager"

local entries = {}  -- key -> { handle | error | waiters = {...}, launcher }
local command = {}

local function wait_for(entry)
  if not entry.done then
    local token = {}
    entry.waiters[#entry.waiters + 1] = { token = token, source = select(2, skynet.context()) }
    repeat
      skynet.wait(token)
    until entry.done
  end
  if entry.error then
    return nil, entry.error
  end
  return entry.handle
end

local function new_entry(key)
  local entry = { waiters = {} }
  entries[key] = entry
  return entry
end

local function finish(entry, ok, handle)
  entry.done = true
  if ok and handle then
    entry.handle = handle
  else
    entry.error = ok and "service exited while starting" or tostring(handle)
  end
  for _, waiter in ipairs(entry.waiters) do
    skynet.wakeup(waiter.token)
  end
  entry.waiters = {}
end

local function launch(key, name, ...)
  local entry = entries[key] or new_entry(key)
  if entry.done or entry.launcher then
    return wait_for(entry)
  end
  entry.launcher = select(2, skynet.context())
  local starter = skynet.newservice
  if name == "snaxd" then
    local snax = require "skynet.snax"
    starter = function(_, ...) return snax.rawnewservice(...) end
  end
  finish(entry, pcall(starter, name, ...))
  return wait_for(entry)
end

local function key_of(name, first)
  name = name:gsub("^@", "")
  if name == "snaxd" then
    return "snaxd." .. first, name
  end
  return name, name
end

function command.LAUNCH(name, ...)
  local key, service = key_of(name, ...)
  return launch(key, service, ...)
end

function command.QUERY(name, first)
  local key = key_of(name, first)
  return wait_for(entries[key] or new_entry(key))
end

function command.GLAUNCH(name, ...)
  local key, service = key_of(name, ...)
  return launch("@" .. key, service, ...)
end

function command.GQUERY(name, first)
  local key = "@" .. key_of(name, first)
  return wait_for(entries[key] or new_entry(key))
end

local function describe(entry)
  if entry.handle then
    return skynet.address(entry.handle)
  elseif entry.error then
    return "Error: " .. entry.error
  end
  local lines = {}
  if entry.launcher then
    lines[1] = "Launching from " .. skynet.address(entry.launcher)
  end
  if #entry.waiters > 0 then
    lines[#lines + 1] = "Querying:"
    for _, waiter in ipairs(entry.waiters) do
      lines[#lines + 1] = skynet.address(waiter.source)
    end
  end
  return table.concat(lines, "\n")
end

function command.LIST()
  local list = {}
  for key, entry in pairs(entries) do
    list[key] = describe(entry)
  end
  return list
end

function command.REPORT()
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, cmd, ...)
    local f = command[cmd]
    if not f then
      skynet.retpack(nil, "Invalid command " .. tostring(cmd))
      return
    end
    local ok, handle, message = pcall(f, ...)
    if ok then
      skynet.retpack(handle, message)
    else
      skynet.retpack(nil, handle)
    end
  end)
  local other = skynet.localname ".service"
  if other then
    skynet.error(".service is already register by ", skynet.address(other))
    skynet.exit()
  end
  skynet.register ".service"
end)
