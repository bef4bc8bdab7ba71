-- sockets.lua -- the sockets of skein.h: listen, connect, echo, refuse, hand over, slow readers.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local native = require "support.native"
local util = require "support.util"
local print = util.print

util.run(function()
  native.init()
  local ask, handle = native.launch()
  local _, port, listener = ask "listen":match "^(%S+) (%S+) (%S+)$"

  -- One native service with another, and with itself.
  local ask_other, other = native.launch()
  print(ask_other("connect %s !", port))            -- expect: 127.0.0.1 bye closed
  print(ask("connect %s !", port))                  -- expect: 127.0.0.1 bye closed
  print(util.in_log "echo 1 is closed: ")           -- expect: true

  -- Nobody listens there; no such port; no such socket.
  local free, _, free_port = socket.listen("127.0.0.1", 0)
  socket.close(free)
  print(ask("connect %d x", free_port))             -- expect: x closed Connection refused
  print(ask "connect 0 x")                          -- expect: -10005 invalid argument
  print(ask "start 999999")                         -- expect:  closed invalid socket
  print(util.try("call failed", ask, "start 0"))    -- expect: raises call failed

  -- A Lua client; more than the kernel takes, unread for a while.
  local client = socket.open("127.0.0.1", port)
  socket.write(client, "hello")
  print(socket.read(client, 5))                     -- expect: hello
  local data = ("0123456789abcdef"):rep(500000)
  socket.write(client, data)
  print(socket.read(client, #data) == data)         -- expect: true
  socket.close(client)

  -- A connection that Lua has accepted goes on in the native service.
  local accepted
  local ours, _, our_port = socket.listen("127.0.0.1", 0)
  socket.start(ours, function(id) accepted = id end)
  client = socket.open("127.0.0.1", our_port)
  util.wait_for(function() return accepted end)
  local text
  skynet.fork(function() text = ask("start %d", accepted) end)
  socket.write(client, "read by C")
  socket.close(client)
  util.wait_for(function() return text end)
  print(text)                                       -- expect:  read by C closed
  socket.close(ours)

  -- Without `accepted`, connections are closed.
  local _, deaf_port = ask "listen deaf":match "^(%S+) (%S+)"
  client = socket.open("127.0.0.1", deaf_port)
  print(util.show(socket.read(client, 1)))          -- expect: false ""
  socket.close(client)

  -- A service that ends tells those who watch its sockets.
  local other_accepted
  local waiting, _, other_port = socket.listen("127.0.0.1", 0)
  socket.start(waiting, function(id)
    socket.start(id)
    print(socket.read(id, 3))                       -- expect: one
    other_accepted = id
  end)
  local said
  skynet.fork(function() said = ask_other("connect %s one", other_port) end)
  util.wait_for(function() return other_accepted end)
  skynet.kill(other)
  util.wait_for(function() return said end)
  print(said)                                       -- expect: 127.0.0.1  closed
  print(util.show(socket.read(other_accepted, 1)))  -- expect: false ""
  socket.close(other_accepted)
  socket.close(waiting)

  -- The listener goes, then the service with what it has.
  client = socket.open("127.0.0.1", port)
  socket.write(client, "here")
  print(socket.read(client, 4))                     -- expect: here
  print(ask("close %s", listener))                  -- expect: done
  print((socket.open("127.0.0.1", port)))           -- expect: nil
  skynet.kill(handle)
  print(util.show(socket.read(client, 1)))          -- expect: false ""
  socket.close(client)
end)
