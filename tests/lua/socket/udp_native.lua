-- udp_native.lua -- a native service with a socket of UDP and a pipe: the message form of events.
-- threads: 1 2 8
local skynet = require "skynet"
local manager = require "skynet.manager"
local socket = require "skynet.socket"
local fds = require "fds"
local util = require "support.util"
local print = util.print

util.run(function()
  local list = {}
  local client = socket.udp(function(data) list[#list + 1] = data end)
  local function ask(port, text)
    local n = #list + 1
    assert(socket.sendto(client, "127.0.0.1", port, text))
    return util.wait_for(function() return list[n] end)
  end
  -- A free port, for the service to bind.
  local probe = socket.udp(nil, "127.0.0.1", 0)
  local port = select(2, socket.udp_address(probe))
  print(util.show(manager.launch("udpecho", port))) -- expect: nothing
  socket.close(probe)
  local inp, out = fds.pipe()
  local service = manager.launch("udpecho", port, inp)
  print(service ~= nil)                             -- expect: true

  print(ask(port, "hello"), util.show(ask(port, ""))) -- expect: echo hello "echo "
  local large = ("x"):rep(65000)
  print(ask(port, large) == "echo " .. large)       -- expect: true
  for i = 1, 30 do
    assert(ask(port, i) == "echo " .. i)
  end
  fds.write(out, "a line")
  print(util.wait_for(function() return list[34] end)) -- expect: data a line

  -- Refusals; the family that does not fit is told later.
  print(ask(port, "!"))                             -- expect: 1 -1 -1 -1 -1 0 -1 -1 -1 1
  print(util.wait_for(function() return list[36] end)) -- expect: error protocol mismatch

  manager.kill(service)
  util.wait_for(function() return #socket.netstat() == 1 end)
  print(fds.blocks(inp))                            -- expect: true
  fds.close(inp)
  fds.close(out)
  socket.close(client)
end)
