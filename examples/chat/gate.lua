--- Accepts connections; each gets an agent service, which takes the socket over.
local skynet = require "skynet"
local socket = require "skynet.socket"

local room = tonumber((...))
local command = {}

--- The port, or nil and what is wrong.
function command.open(host, port)
  local ok, id, _, actual = pcall(socket.listen, host, port)
  if not ok then
    return nil, id
  end
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
