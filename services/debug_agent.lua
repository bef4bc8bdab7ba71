--- One session of the remote debugger, between a console and the service that is debugged.
--
-- start, address, fd: attaches to the service, whose prompts and output go to the socket fd; true
-- when it is over, or false and a message; then the agent exits. cmd, line (send): a line of the
-- user. stop (send): the user is gone. ping: answers.
local skynet = require "skynet"
local debugchannel = require "skynet.debugchannel"

local channel, id = debugchannel.create()
local command = {}

function command.start(address, fd)
  skynet.error("Attach to " .. skynet.address(address))
  local reply = skynet.response()
  local ok, err = pcall(skynet.call, address, "debug", "REMOTEDEBUG", fd, id)
  if ok then
    reply(true, true)
  else
    skynet.error(tostring(err))
    reply(true, false, "Debugger attach failed")
  end
  skynet.exit()
end

function command.cmd(line)
  skynet.ignoreret()
  local ok, err = channel:write(line)
  if not ok and err ~= "closed" then  -- when it is over, nobody wants the line
    skynet.error(("debugger: a line is lost: %s"):format(err))
  end
end

function command.stop()
  skynet.ignoreret()
  channel:release()
end

function command.ping()
  skynet.ret()
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, name, ...)
    local f = command[name]
    if not f then
      error("Invalid command " .. tostring(name))
    end
    f(...)
  end)
end)
