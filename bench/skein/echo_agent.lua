-- echo_agent.lua -- echoes the lines of one connection, then ends.
local skynet = require "skynet"
local socket = require "skynet.socket"

skynet.start(function()
  skynet.dispatch("lua", function(_, _, id)
    if socket.start(id) then
      local line = socket.readline(id)
      while line do
        socket.write(id, line .. "\n")
        line = socket.readline(id)
      end
      socket.close(id)
    end
    skynet.exit()
  end)
end)
