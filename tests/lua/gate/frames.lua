-- frames.lua -- packets of both styles, whole and in pieces, and what services send back.
-- threads: 1 2 8
-- expect-log: socket open:
-- expect-log: Invalid client id 77777 from
-- expect-log: Invalid client message from
-- expect-log: Recv socket message > 16M
local skynet = require "skynet"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

util.run(function()
  local dog = gates.watch()
  local self = skynet.address(skynet.self())
  local gate, port = gates.launch("S", self, 0, 8)

  -- A fresh connection is not read before it is started; another one meanwhile is.
  local first = socket.open("127.0.0.1", port)
  local fd1 = dog:opened()
  socket.write(first, "\0\3abc")
  local client, fd = dog:connect(gate, port)
  socket.write(client, "\0\1y")
  local text, session, source = dog:report()
  print(text == fd .. " data y", session == fd, source == gate) -- expect: true true true
  dog:tell(gate, "start %d", fd1)
  print(dog:report() == fd1 .. " data abc")         -- expect: true

  -- In pieces, with an empty one.
  for c in ("\0\5hello\0\0\0\1x"):gmatch "." do
    socket.write(client, c)
    skynet.sleep(0)
  end
  print(dog:report() == fd .. " data hello", dog:report() == fd .. " data x")
  -- expect: true true

  -- To an agent: with the source it is told, or the gate's own.
  dog:tell(gate, "forward %d %s :abc", fd, self)
  dog:tell(gate, "forward %d %s :0", fd1, self)
  socket.write(client, "\0\2to")
  text, session, source = dog:packet()
  print(text, session == fd, source)                -- expect: to true 2748
  socket.write(first, "\0\4\0\255\n\r")
  text, session, source = dog:packet()
  print(text == "\0\255\n\r", session == fd1, source == gate)   -- expect: true true true
  local long = ("z"):rep(65535)
  socket.write(first, "\255\255" .. long)
  print(dog:packet() == long)                       -- expect: true

  -- Back: as it is, without a header.
  local function output(data, id)
    skynet.send(gate, "client", data .. string.pack("<I4", id))
  end
  output("outdata", fd)
  output("!", fd)
  print(socket.read(client, 8))                     -- expect: outdata!
  output("nobody", 77777)
  output("", fd)
  skynet.send(gate, "client", "abc")
  output(long, fd1)
  print(socket.read(first, 65535) == long)          -- expect: true

  -- The end of a connection is told once, whoever was first.
  socket.close(client)
  print(dog:report() == fd .. " close")             -- expect: true
  dog:tell(gate, "kick %d", fd)
  dog:tell(gate, "kick %d", fd1)
  print(dog:report() == fd1 .. " close", util.show(socket.read(first, 1)))
  -- expect: true false ""
  dog:tell(gate, "kick %d", fd1)
  socket.close(first)

  -- Long headers.
  local long_gate, long_port = gates.launch("L", self, 0, 8)
  client, fd = dog:connect(long_gate, long_port)
  dog:tell(long_gate, "forward %d %s :0", fd, self)
  socket.write(client, "\0\0\0\3abc\0\0\0\0\0\0\0\1x")
  print(dog:packet(), (dog:packet()))               -- expect: abc x
  local size = 0xffffff
  socket.write(client, string.pack(">I4", size))
  local piece = ("0123456789abcdef"):rep(4096)
  for _ = 1, size // #piece do
    socket.write(client, piece)
  end
  socket.write(client, piece:sub(1, size % #piece))
  text = dog:packet()
  print(#text == size, text:sub(1, #piece) == piece, text:sub(-4))  -- expect: true true bcde

  -- Too long, also with the sign bit, byte by byte: closed, and told.
  for _, header in ipairs { "\1\0\0\0", "\128\0\0\0", "\255\255\255\255" } do
    client, fd = dog:connect(long_gate, long_port)
    for c in header:gmatch "." do
      socket.write(client, c)
      skynet.sleep(0)
    end
    print(dog:report() == fd .. " close", util.show(socket.read(client, 1)))
    -- expect: true false ""
    -- expect: true false ""
    -- expect: true false ""
    socket.close(client)
  end
  print(#dog.reports, #dog.packets)                 -- expect: 0 0
end)
