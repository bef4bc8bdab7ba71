--- .service: unique services, one per name and process (or network). See skynet.uniqueservice.
local skynet = require "skynet"
require "skynet.manager"

-- How long a question of LIST may take.
local ASK_TICKS = 100

local entries = {}  -- key -> { handle | error | waiters = {...}, launcher }
local command = {}

local function wait_for(entry)
  if not entry.done then
    local token = {}
    local session, source = skynet.context()
    table.insert(entry.waiters, { token = token, source = source, session = session })
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
  local session, source = skynet.context()
  entry.launcher = { source = source, session = session, thread = coroutine.running() }
  local starter = skynet.newservice
  if name == "snaxd" then
    local snax = require "skynet.snax"
    starter = function(_, ...) return snax.rawnewservice(...) end
  end
  finish(entry, pcall(starter, name, ...))
  return wait_for(entry)
end

--- The key of a service, and the name it is started by.
local function key_of(name, first)
  if type(name) ~= "string" then
    error("a service name is a string, not a " .. type(name), 0)
  end
  if name == "snaxd" then
    return "snaxd." .. tostring(first), name
  end
  return name, (name:gsub("^@", ""))
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

--- One question, which a service that hangs does not hold up.
local function ask(...)
  local set <close> = skynet.request { ... }
  local next_answer = set:select(ASK_TICKS)
  local _, answer = next_answer()
  return answer and answer[1]
end

--- Where in its code another service waits for the answer to the session.
local function stack_of(handle, session)
  return tostring(ask(handle, "debug", "TASK", session) or "(no answer)")
end

local function describe_pending(entry)
  local lines = {}
  local launcher = entry.launcher
  local session = launcher and skynet.task(launcher.thread)
  local starting = session and ask(".launcher", "lua", "QUERY", session)
  if starting then
    table.insert(lines, ("Init as %s\n%s"):format(skynet.address(starting),
      stack_of(starting, "init")))
  end
  if launcher then
    table.insert(lines, ("Launching from %s\n%s"):format(skynet.address(launcher.source),
      stack_of(launcher.source, launcher.session)))
  end
  local waiters = table.move(entry.waiters, 1, #entry.waiters, 1, {})
  if #waiters > 0 then
    table.insert(lines, "Querying:")
  end
  for _, waiter in ipairs(waiters) do
    table.insert(lines, ("%s\n%s"):format(skynet.address(waiter.source),
      stack_of(waiter.source, waiter.session)))
  end
  return table.concat(lines, "\n")
end

function command.LIST()
  local list, pending = {}, {}
  for key, entry in pairs(entries) do
    if entry.handle then
      list[key] = skynet.address(entry.handle)
    elseif entry.error then
      list[key] = "Error: " .. entry.error
    else
      pending[key] = entry
    end
  end
  for key, entry in pairs(pending) do  -- asks, so the entries may change meanwhile
    list[key] = describe_pending(entry)
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
    local ok, result, message = pcall(f, ...)
    if not ok then
      skynet.retpack(nil, tostring(result))
    elseif message then
      skynet.retpack(result, message)
    else
      skynet.retpack(result)
    end
  end)
  local other = skynet.localname ".service"
  if other then
    skynet.error(".service is already register by ", skynet.address(other))
    skynet.exit()
  end
  skynet.register ".service"
end)
