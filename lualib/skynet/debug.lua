--- The debug protocol: what every service answers to tools. Loaded by the first command that is
-- not one of the frequent ones: STAT, MEM, PING and GC are in C.
local skynet = require "skynet"
local answer_frequent = require "skynet.core".debug_frequent

local M = {}

local command = {}
--- These give full control over the service: only for this process.
local LOCAL_ONLY = { RUN = true, KILLTASK = true, REMOTEDEBUG = true }

local extra = {}  -- commands of reg_debugcmd; built-in names win

function command.TASK(session)
  if session ~= nil then
    local text = skynet.task(session)
    if text then
      skynet.retpack(text)
    else
      skynet.ret()
    end
    return
  end
  local list = {}
  skynet.task(list)
  skynet.retpack(list)
end

function command.UNIQTASK()
  skynet.retpack(skynet.uniqtask())
end

function command.KILLTASK(pattern)
  local thread = skynet.killthread(pattern)
  if thread then
    skynet.error("Kill " .. tostring(thread))
    skynet.ret()
  else
    skynet.error(("Kill %s : Not found"):format(pattern))
    skynet.retpack "Not found"
  end
end

function command.INFO(...)
  local f = skynet.internal_info_func()
  if f then
    skynet.retpack(f(...))
  else
    skynet.retpack(nil)
  end
end

--- What skynet.inject finds as _U: the internals that may be relied on.
local proto = skynet._proto
local function internals()
  return proto
end

function command.RUN(source, filename, ...)
  local inject = require "skynet.inject"
  local ok, output = inject(skynet, source, filename, table.pack(...), internals)
  skynet.retpack(ok, table.concat(output, "\n"))
  collectgarbage "collect"
end

--- Answered when the debugger leaves. `channel` is an id of skynet.debugchannel.
function command.REMOTEDEBUG(fd, channel)
  require "skynet.remotedebug".start(skynet, fd, channel)
  skynet.ret()
end

--- Something was written to a channel: it is read before this message is handled.
function command.DEBUGPOLL()
end

function command.TRACELOG(name, flag)
  if type(name) ~= "string" then
    name, flag = "lua", name
  end
  skynet.error(("Turn trace log %s for %s"):format(tostring(flag), name))
  skynet.traceproto(name, flag)
  skynet.ret()
end

function command.EXIT()
  skynet.exit()
end

function command.TERM(handle)
  skynet.ignoreret()
  skynet.term(handle)
end

function command.SUPPORT(name)
  skynet.retpack(skynet.dispatch(name) ~= nil)
end

function command.LINK()
  skynet.response()  -- answered with an error when the service exits
end

--- Who this service waits for: see skein.waits.
function command.WAIT()
  skynet.retpack(require "skein".waits())
end

function M.reg_debugcmd(name, f)
  extra[name] = f
end

function M.init(target)
  target.dispatch("debug", function(_, source, name, ...)
    if answer_frequent(name) then
      return
    end
    local f = command[name] or extra[name]
    if not f then
      error("Invalid debug command " .. tostring(name))
    end
    if LOCAL_ONLY[name] and select(2, skynet.harbor(source)) then
      error(("Debug command %s from another node"):format(name))
    end
    f(...)
  end)
end

return M
