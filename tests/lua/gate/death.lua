-- death.lua -- agents, watchdogs and gates that are killed; more connections than there may be.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

util.run(function()
  local dog = gates.watch()
  local self = skynet.address(skynet.self())
  local gate, port = gates.launch("S", self, 0, 2)

  -- An agent that is gone: what is sent to it is lost, and the log says so once; the connection
  -- lives, and can be forwarded anew.
  local client, fd = dog:connect(gate, port)
  local agent = util.peer()
  dog:tell(gate, "forward %d %s :0", fd, skynet.address(agent))
  skynet.kill(agent)
  util.wait_for(function() return util.is_gone(agent) end)
  socket.write(client, "\0\4lost\0\4lost")
  print(util.in_log(("no service %s: what connection %d sends is lost"):format(
    skynet.address(agent), fd)))                    -- expect: true
  dog:tell(gate, "forward %d %s :0", fd, self)
  socket.write(client, "\0\5found")
  print((dog:packet()))                             -- expect: found
  local _, count = util.log():gsub("sends is lost", "")
  print(count)                                      -- expect: 1

  -- One too many is closed at once and not reported; a free place is given again.
  local second = dog:connect(gate, port)
  local third = socket.open("127.0.0.1", port)
  print(util.show(socket.read(third, 1)))           -- expect: false ""
  socket.close(third)
  socket.close(second)
  print(dog:report():match "%d+ (.*)")              -- expect: close
  local fourth, fd4 = dog:connect(gate, port)
  socket.write(fourth, "\0\1x")
  print(dog:report() == fd4 .. " data x")           -- expect: true

  -- Output that waits when a connection is kicked arrives.
  local data = ("0123456789"):rep(300000)
  for _ = 1, 3 do
    skynet.send(gate, "client", data .. string.pack("<I4", fd))
  end
  dog:tell(gate, "kick %d", fd)
  print(dog:report() == fd .. " close")             -- expect: true
  local all = socket.readall(client)
  print(#all == 3 * #data, all:sub(-10))            -- expect: true 0123456789
  print(util.in_log(("fd (%d) send buffer ("):format(fd)))  -- expect: true
  socket.close(client)

  -- A gate that is killed closes everything, also what was never started.
  local idle = socket.open("127.0.0.1", port)
  dog:opened()
  skynet.kill(gate)
  print(util.show(socket.read(fourth, 1)), util.show(socket.read(idle, 1)))
  -- expect: false "" false ""
  socket.close(fourth)
  socket.close(idle)
  print((socket.open("127.0.0.1", port)))           -- expect: nil

  -- Without a watchdog, and without an agent: exactly the packet is dropped.
  gate, port = gates.launch("S", "!", 0, 2)
  client = socket.open("127.0.0.1", port)
  local id = util.wait_for(function()
    local ids = {}
    for word in util.log():gmatch(skynet.address(gate) .. "%] socket open: (%x+)") do
      ids[#ids + 1] = tonumber(word, 16)
    end
    return ids[1]
  end)
  dog:tell(gate, "start %d", id)
  socket.write(client, "\0\4\0\1\0\1")
  util.wait_for(function()
    for _, entry in ipairs(socket.netstat()) do
      if entry.id == id then
        return entry.read == 6
      end
    end
  end)
  dog:tell(gate, "forward %d %s :0", id, self)
  socket.write(client, "\0\3abc")
  print((dog:packet()))                             -- expect: abc

  -- A watchdog that is gone is told nothing, and harms nobody.
  local watchdog = util.peer()
  gate, port = gates.launch("S", skynet.address(watchdog), 0, 1)
  skynet.kill(watchdog)
  util.wait_for(function() return util.is_gone(watchdog) end)
  for _ = 1, 3 do
    socket.close(socket.open("127.0.0.1", port))
  end
  print(util.try("call failed", skynet.call, gate, "lua", "?"))  -- expect: raises call failed
end)
