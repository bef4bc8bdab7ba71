--- Accepts connections; each gets an agent service, which takes the socket over.
local skynet = require "skynet"
local socket = require "skynet.socket"

local room = tonumber((...))
local command = {}

function command.open(host, port)
  local id, _, actual = socket.listen(host, port)
  socket.start(id, function(client, address)
    local agent = skynet.newservice "agent"
    skynet.send(agent, "lua", "start", client, address, room)
  end)
  return actual
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, name, ...)
    skynet.retpack(command[name](...))
  end)
end)
