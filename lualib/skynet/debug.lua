--- The debug protocol: what every service answers to tools. Loaded by the first debug message.
local skynet = require "skynet"

local M = {}

local command = {}
--- These give full control over the service: only for this process.
local LOCAL_ONLY = { RUN = true, KILLTASK = true, REMOTEDEBUG = true }

local extra = {}  -- commands of reg_debugcmd; built-in names win

function command.MEM()
  skynet.retpack(collectgarbage "count")
end

local is_collecting = false
function command.GC()
  skynet.ignoreret()
  if is_collecting then
    return
  end
  is_collecting = true
  local before, start = collectgarbage "count", skynet.hpc()
  collectgarbage "collect"
  skynet.error(("GC %.2f Kb -> %.2f Kb, cost %.2f sec"):format(before, collectgarbage "count",
    (skynet.hpc() - start) / 1e9))
  skynet.yield()  -- those that are queued by now are skipped
  is_collecting = false
end

function command.STAT()
  skynet.retpack {
    task = skynet.task(),
    mqlen = skynet.mqlen(),
    cpu = skynet.stat "cpu",
    message = skynet.stat "message",
  }
end

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

function command.PING()
  skynet.ret()
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
