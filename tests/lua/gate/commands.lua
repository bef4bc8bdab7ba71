-- commands.lua -- broker, forward, close, another packet type, words that are none.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

util.run(function()
  local dog = gates.watch(77)
  local self = skynet.address(skynet.self())
  skynet.register ".dog"
  local gate, port = gates.launch("S", ".dog", 77, 8)
  local client, fd = dog:connect(gate, port)

  -- The broker comes before the agent; without one the agent is as it was told.
  dog:tell(gate, "forward %d %s :abc", fd, self)
  dog:tell(gate, "broker .dog")
  socket.write(client, "\0\1a")
  local text, session, source = dog:packet()
  print(text, session == fd, source == gate)        -- expect: a true true
  dog:tell(gate, "broker .nobody")
  socket.write(client, "\0\1b")
  text, session, source = dog:packet()
  print(text, session == fd, source)                -- expect: b true 2748
  dog:tell(gate, "broker %s", self)
  dog:tell(gate, "broker")
  dog:tell(gate, "forward %d :0 :0", fd)
  socket.write(client, "\0\1c")
  print(dog:report() == fd .. " data c")            -- expect: true

  -- What is no command, or lacks something, changes nothing.
  for _, command in ipairs {
    "k " .. fd, "kick", "kick x", "kick 999999", "start 999999", "forward " .. fd,
    "forward " .. fd .. " " .. self, "forward 999999 " .. self .. " :0", "", "kicks " .. fd,
  } do
    dog:tell(gate, "%s", command)
  end
  skynet.send(gate, "text", "Start\0" .. fd)
  dog:tell(gate, "start %d", fd)
  socket.write(client, "\0\1d")
  print(dog:report() == fd .. " data d")            -- expect: true
  local log = util.log()
  for _, word in ipairs { "k " .. fd, "", "kicks " .. fd, "Start" } do
    print(log:find("[gate] Unknown command : " .. word .. "\n", 1, true) ~= nil)
    -- expect: true
    -- expect: true
    -- expect: true
    -- expect: true
  end

  -- A command's session is not looked at, and nobody answers; other requests get an error.
  skynet.redirect(gate, skynet.self(), "text", 55, "start " .. fd)
  print(util.try("call failed", skynet.call, gate, "lua", "hello")) -- expect: raises call failed

  -- Events of sockets that it does not know, as another service might cause them.
  local stray, _, stray_port = socket.listen("127.0.0.1", 0)
  local function event(kind, id)
    skynet.redirect(gate, 0, "socket", 0, string.pack("<i4i4i4I4I8", kind, id, 3, 0, 0))
  end
  event(1, stray) -- data
  print(util.in_log("Drop unknown connection " .. stray))     -- expect: true
  event(2, stray) -- connected
  print(util.in_log("Close unknown connection " .. stray))    -- expect: true
  print((socket.open("127.0.0.1", stray_port)))     -- expect: nil
  event(1, fd)    -- without data

  -- The listener goes, the connection stays.
  dog:tell(gate, "close")
  util.wait_for(function()
    local id = socket.open("127.0.0.1", port)
    if id then
      socket.close(id)
    end
    return not id
  end, "the listener to close")
  dog:tell(gate, "close")
  socket.write(client, "\0\1e")
  local last
  repeat
    last = dog:report() -- of those that came through
  until last:find " data "
  print(last == fd .. " data e")                    -- expect: true
  dog:tell(gate, "kick %d", fd)
  print(util.show(socket.read(client, 1)))          -- expect: false ""
  socket.close(client)

  -- The port is free for the next gate.
  local again = skynet.launch("gate", "S", "!", "127.0.0.1:" .. port, 0, 1)
  print(again ~= nil)                               -- expect: true
end)
