--- The debug protocol: what every service answers to tools. Loaded by the first debug message.
local skynet = require "skynet"

local M = {}

local command = {}
local extra = {}  -- commands of reg_debugcmd; built-in names win

function command.MEM()
  skynet.retpack(collectgarbage "count")
end

local collected_at = 0
function command.GC()
  skynet.ignoreret()
  local message = skynet.stat "message"
  if message - collected_at <= 1 and collected_at > 0 then
    collected_at = message  -- one of several in a row
    return
  end
  local before, start = collectgarbage "count", skynet.hpc()
  collectgarbage "collect"
  skynet.error(("GC %.2f Kb -> %.2f Kb, cost %.2f sec"):format(before, collectgarbage "count",
    (skynet.hpc() - start) / 1e9))
  collected_at = message
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
  if session then
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
  target.dispatch("debug", function(_, _, name, ...)
    local f = command[name] or extra[name]
    if not f then
      error("Invalid debug command " .. tostring(name))
    end
    f(...)
  end)
end

return M
