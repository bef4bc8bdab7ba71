--- An echo server on a free port of 127.0.0.1; prints "port N". Commands stand in the lines:
-- "stop" ends the process.
local skynet = require "skynet.manager"
local socket = require "skynet.socket"

local function serve(id)
  socket.start(id)
  while true do
    local line = socket.readline(id)
    if not line then
      break
    end
    if line == "stop" then
      skynet.abort()
    end
    socket.write(id, line .. "\n")
  end
  socket.close(id)
end

skynet.start(function()
  local listener, _, port = socket.listen("127.0.0.1", 0)
  socket.start(listener, serve)
  print("port " .. port)
  io.stdout:flush()
end)
