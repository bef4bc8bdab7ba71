--- .launcher: starts Lua services, knows which there are, and tells their parents when they run.
local skynet = require "skynet"
local core = require "skynet.core"
require "skynet.manager"

local services = {}  -- handle -> "module args"
local pending = {}   -- handle -> response closure of the launch
local sessions = {}  -- handle -> session of the launch request
local starting = {}  -- handle of a SPAWN that has not started -> its waiting READY requests
local command = {}

local NORET = {}

local function address_text(handle)
  return skynet.address(handle)
end

local function as_text(v)
  local t = type(v)
  if t == "string" or t == "number" or t == "boolean" then
    return tostring(v)
  end
  error("a service argument is a string, a number or a boolean, not a " .. t)
end

local function start_service(command_name, service, ...)
  local words = { as_text(service) }
  for i = 1, select("#", ...) do
    words[#words + 1] = as_text((select(i, ...)))
  end
  local text = table.concat(words, " ", 2)
  local handle = core.addresscommand(command_name, words[1] .. " " .. text)
  if not handle then
    error(("launch %s %s failed"):format(words[1], text))
  end
  services[handle] = words[1] .. " " .. text
  return handle
end

local function launch(command_name, session, ...)
  local handle = start_service(command_name, ...)
  pending[handle] = skynet.response()
  sessions[handle] = session
  return handle
end

function command.LAUNCH(session, ...)
  launch("LAUNCH", session, ...)
  return NORET
end

--- The same, with the message log on from the first message.
function command.LOGLAUNCH(session, ...)
  launch("LOGLAUNCH", session, ...)
  return NORET
end

local function finish(handle, ok, ...)
  local reply, waiting = pending[handle], starting[handle]
  pending[handle], sessions[handle], starting[handle] = nil, nil, nil
  if reply then
    reply(ok, ...)
  end
  for _, answer in ipairs(waiting or {}) do
    answer(ok, ...)
  end
end

--- SPAWN, module, args... -> handle, at once; READY, handle waits for its start as LAUNCH does. So
-- whoever asks can watch the service from its first moment, and kill one that does not start.
function command.SPAWN(_, ...)
  local handle = start_service("LAUNCH", ...)
  starting[handle] = {}
  return handle
end

function command.READY(_, handle)
  local waiting = starting[handle]
  if waiting then
    waiting[#waiting + 1] = skynet.response()
  else
    skynet.retpack(services[handle] and handle)
  end
  return NORET
end

function command.LAUNCHOK(_, _, source)
  finish(source, true, source)
  return NORET
end

function command.ERROR(_, _, source)
  services[source] = nil
  finish(source, false)
  return NORET
end

function command.REMOVE(_, handle, kill)
  services[handle] = nil
  if kill then
    finish(handle, false)
  else
    finish(handle, true)
  end
  return NORET
end

function command.LIST()
  local list = {}
  for handle, text in pairs(services) do
    list[address_text(handle)] = text
  end
  return list
end

--- Asks all services at once; `show(ok, ...)` makes the value of each.
local function ask_all(timeout, show, ...)
  local set = skynet.request()
  for handle in pairs(services) do
    set:add { handle, "debug", text = services[handle], ... }
  end
  local list = {}
  for handle, text in pairs(services) do
    list[address_text(handle)] = show("TIMEOUT", text)
  end
  for request, answer in set:select(timeout) do
    list[address_text(request[1])] = show(answer and answer[1] or "ERROR", request.text)
  end
  return list
end

local function show_stat(stat)
  return stat
end

local function show_memory(kb, text)
  if type(kb) == "number" then
    return ("%.2f Kb (%s)"):format(kb, text)
  end
  return ("%s (%s)"):format(kb, text)
end

function command.STAT(_, timeout)
  return ask_all(timeout, show_stat, "STAT")
end

function command.MEM(_, timeout)
  return ask_all(timeout, show_memory, "MEM")
end

function command.GC(session, timeout)
  for handle in pairs(services) do
    skynet.send(handle, "debug", "GC")
  end
  return command.MEM(session, timeout)
end

function command.KILL(_, handle)
  local text = services[handle]
  command.REMOVE(nil, handle, true)  -- a LIST that waits behind this one must not show it
  core.command("KILL", address_text(handle))
  return { [address_text(handle)] = tostring(text) }
end

function command.QUERY(_, session)
  for handle, s in pairs(sessions) do
    if s == session then
      return handle
    end
  end
end

skynet.register_protocol {
  name = "text",
  id = skynet.PTYPE_TEXT,
  unpack = skynet.tostring,
  dispatch = function(_, source, text)
    if text == nil or text == "" then
      command.LAUNCHOK(nil, nil, source)
    elseif text == "ERROR" then
      command.ERROR(nil, nil, source)
    else
      error("Invalid text command " .. text)
    end
  end,
}

skynet.dispatch("lua", function(session, source, cmd, ...)
  cmd = tostring(cmd):upper()
  local f = command[cmd]
  if not f then
    skynet.retpack { "Unknown command" }
    return
  end
  local result
  if cmd == "LAUNCHOK" or cmd == "ERROR" then
    result = f(session, nil, source)
  else
    result = f(session, ...)
  end
  if result ~= NORET then
    skynet.retpack(result)
  end
end)

skynet.start(function() end)
