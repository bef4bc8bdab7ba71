-- tcp.lua -- connections: port 0, IPv6, reads of all forms, half close, refusals, bad arguments.
-- threads: 1 2 8
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local function server(host)
  local accepted = {}
  local listener, ip, port = socket.listen(host, 0)
  socket.start(listener, function(id, addr)
    socket.start(id)
    accepted[#accepted + 1] = { id = id, addr = addr }
  end)
  local function pair()
    local n = #accepted + 1
    local client = socket.open(host, port)
    local entry = util.wait_for(function() return accepted[n] end, "accept")
    return client, entry.id, entry.addr
  end
  return listener, pair, ip, port
end

util.run(function()
  local listener, pair, ip, port = server "127.0.0.1"
  print(ip, port > 0)                               -- expect: 127.0.0.1 true
  local client, peer, addr = pair()
  print(addr:match "^127%.0%.0%.1:%d+$" ~= nil)     -- expect: true

  -- Reads of all forms, over pieces.
  socket.write(client, "one\ntwo\r\n")
  socket.write(client, { "three", 4, "::" })
  print(socket.readline(peer), socket.readline(peer, "\r\n"), socket.readline(peer, "::"))
  -- expect: one two three4
  socket.write(client, ("x"):rep(100000))
  print(#socket.read(peer, 60000), #socket.read(peer, 40000)) -- expect: 60000 40000
  print(util.show(socket.read(peer, 0)))            -- expect: ""
  skynet.fork(function()
    for c in ("split"):gmatch "." do
      socket.write(client, c)
      skynet.sleep(0)
    end
    socket.write(client, "\n")
  end)
  print(socket.readline(peer))                      -- expect: split
  socket.write(client, "any")
  print(socket.block(peer), socket.read(peer))      -- expect: true any

  -- Data and FIN together: first the data, then the end.
  socket.write(client, "hello\nworld")
  socket.close(client)
  print(socket.read(peer, 2), socket.readline(peer)) -- expect: he llo
  print(util.show(socket.readline(peer)))           -- expect: false "world"
  print(util.show(socket.readline(peer)))           -- expect: false ""
  print(util.show(socket.read(peer)))               -- expect: false ""
  print(util.show(socket.readall(peer)))            -- expect: false
  print(socket.block(peer), socket.disconnected(peer)) -- expect: false true
  socket.close(peer)
  print(socket.invalid(peer), socket.block(peer))   -- expect: true false
  print(util.try("assertion failed", socket.read, peer))  -- expect: raises assertion failed
  print(socket.write(peer, "x"), util.show(socket.close(peer))) -- expect: false nothing

  -- Half close: the one who got the end can still write.
  client, peer = pair()
  socket.write(client, "request")
  local all
  skynet.fork(function() all = socket.readall(peer) end)
  skynet.sleep(1)
  socket.shutdown(peer)
  util.wait_for(function() return all end)
  print(all)                                        -- expect: request
  socket.close(peer)
  print(util.show(socket.read(client, 1)))          -- expect: false ""
  socket.close(client)

  -- One reader.
  client, peer = pair()
  local got
  skynet.fork(function() got = socket.read(client, 3) end)
  skynet.yield()
  print(util.try("assertion failed", socket.read, client, 1)) -- expect: raises assertion failed
  socket.write(peer, "abc")
  util.wait_for(function() return got end)
  print(got)                                        -- expect: abc

  -- onclose comes before the reader goes on; close comes last.
  local order = {}
  socket.onclose(client, function(id)
    order[#order + 1] = "onclose " .. tostring(socket.disconnected(id))
  end)
  skynet.fork(function()
    socket.read(client, 1)
    order[#order + 1] = "reader"
  end)
  skynet.yield()
  socket.close(client)
  order[#order + 1] = "closed"
  print(table.concat(order, ", "))                  -- expect: onclose true, reader, closed
  local said
  socket.onclose(peer, function() said = socket.disconnected(peer) end)
  util.wait_for(function() return said end)
  print(said)                                       -- expect: true
  socket.close(peer)

  -- Refused, invalid.
  socket.close(listener)
  local id, err = socket.open("127.0.0.1", port)
  print(id, type(err))                              -- expect: nil string
  print(util.try("Invalid port", socket.open, "127.0.0.1", 0))  -- expect: raises Invalid port
  print(util.try("Invalid address", socket.open, "nowhere"))    -- expect: raises Invalid address
  print(util.try("Invalid port in address", socket.open, "127.0.0.1:x"))
  -- expect: raises Invalid port in address
  print((socket.open("127.0.0.1", 70000)))          -- expect: nil
  print(util.try("Listen error", socket.listen, "203.0.113.1", 0)) -- expect: raises Listen error
  local first, _, used = socket.listen("127.0.0.1", 0)
  print(util.try("Listen error", socket.listen, "127.0.0.1", used)) -- expect: raises Listen error
  socket.close(first)
  print((socket.start(1 << 20)))                    -- expect: nil
  print(util.try("bad argument", socket.write, "x", "y"))       -- expect: raises bad argument
  print(util.try("bad argument", socket.write, 1, nil))         -- expect: raises bad argument

  -- IPv6, where there is one.
  local ok, l6, pair6 = pcall(server, "::1")
  if not ok then
    print "6: true"
  else
    client, peer = pair6()
    socket.write(client, "six\n")
    print("6: " .. tostring(socket.readline(peer) == "six")) -- expect: 6: true
    socket.close(client)
    socket.close(peer)
    socket.close(l6)
  end
  print(util.task_count())                          -- expect: 0
end)
