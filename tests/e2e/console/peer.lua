-- peer.lua -- waits, calls and loops as it is told.
local skynet = require "skynet"
local debugcmd = require "skynet.debug"
local socket = require "skynet.socket"
local CMD = {}

function CMD.call(handle, ...)
  return skynet.call(handle, "lua", ...)
end

function CMD.hang()
  skynet.wait "for ever"
end

function CMD.loop()
  skynet.send(skynet.localname ".notes", "lua", "looping")
  local i = 0
  while true do
    i = i + 1
  end
end

function CMD.fail()
  error "told to fail"
end

function CMD.values(...)
  return ...
end

function CMD.listen()
  local id, _, port = socket.listen("127.0.0.1", 0)
  socket.start(id, function() end)
  return port
end

debugcmd.reg_debugcmd("TELL", function(...) skynet.retpack(true, 12, { a = { b = 1 } }, ...) end)

skynet.start(function()
  skynet.dispatch("lua", function(_, _, cmd, ...)
    skynet.retpack(CMD[cmd](...))
  end)
end)
