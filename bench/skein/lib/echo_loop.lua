-- echo_loop.lua -- serves one connection of an echo server: sends back what comes, as the peers do.
local socket = require "skynet.socket"

--- Owns the accepted socket `id` until its peer has ended.
return function(id)
  if not socket.start(id) then
    return
  end
  local data = socket.read(id)
  while data do
    socket.write(id, data)
    data = socket.read(id)
  end
  socket.close(id)
end
