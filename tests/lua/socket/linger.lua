-- linger.lua -- socket_linger: a closed socket whose peer does not read goes away after that time.
-- threads: 1 2
-- cfg: socket_linger = 30
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local function is_listed(id)
  for _, info in ipairs(socket.netstat()) do
    if info.id == id then
      return info
    end
  end
end

util.run(function()
  local id, _, port = socket.listen("127.0.0.1", 0)
  local accepted
  socket.start(id, function(client)
    accepted = client  -- not started: nothing is read
  end)
  local client = socket.open("127.0.0.1", port)
  util.wait_for(function() return accepted end)
  local chunk = ("x"):rep(1 << 20)
  while is_listed(client).wbuffer < 1 << 20 do
    socket.write(client, chunk)
  end
  local start = skynet.now()
  socket.close(client)
  print(util.wait_for(function() return not is_listed(client) end))  -- expect: true
  print(skynet.now() - start >= 3)                  -- expect: true
end)
