-- udp.lua -- datagrams: both families, sizes, callbacks, the default destination, errors.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

--- A callback that keeps what comes, and a function that waits for the next: data, from.
local function inbox()
  local list, taken = {}, 0
  local function callback(data, from)
    list[#list + 1] = { data, from }
  end
  local function next_one()
    taken = taken + 1
    local one = util.wait_for(function() return list[taken] end, "a datagram")
    return one[1], one[2]
  end
  return callback, next_one, list
end

--- A question and an answer between two sockets of one host.
local function talk(host, size)
  local server_in, server_next = inbox()
  local client_in, client_next = inbox()
  local server = socket.udp(server_in, host, 0)
  local ip, port = socket.udp_address(server)
  local client = socket.udp_dial(host, port, client_in)
  assert(ip == host and port > 0 and socket.write(client, "question"))
  local data, from = server_next()
  local from_ip, from_port = socket.udp_address(from)
  assert(#from == size and from_ip == host)
  assert(from_port == select(2, socket.udp_address(client)))
  assert(socket.sendto(server, from, { "an", "swer" }))
  local answer, by = client_next()
  assert(select(2, socket.udp_address(by)) == port)
  socket.close(server)
  socket.close(client)
  return data, answer, socket.invalid(server), socket.write(client, "x")
end

util.run(function()
  print(talk("127.0.0.1", 7))                       -- expect: question answer true false
  print(talk("::1", 19))                            -- expect: question answer true false

  local callback, next_one, list = inbox()
  local server = socket.udp(callback, "127.0.0.1:0")
  local _, port = socket.udp_address(server)
  local client = socket.udp(nil, nil, 99)           -- a port alone is ignored
  print(socket.udp_address(client))                 -- expect: 0.0.0.0 0
  print(util.show(socket.udp_connect(client, "localhost:" .. port))) -- expect: nothing

  -- Contents and sizes.
  local function through(...)
    assert(socket.write(client, ...))
    return (next_one())
  end
  print(util.show(through ""))                      -- expect: ""
  print(through { "a", 1, 2.5, "b" })               -- expect: a12.5b
  print(through(17))                                -- expect: 17
  print(through "\0\255\0" == "\0\255\0")           -- expect: true
  for _, size in ipairs { 1, 1472, 1473, 65507 } do
    local data = ("0123456789"):rep(size // 10 + 1):sub(1, size)
    assert(through(data) == data, size)
  end
  print(socket.write(client, ("x"):rep(65508)))     -- expect: true
  print(util.in_log(("(%d) sendto error Message too long."):format(client))) -- expect: true
  local entry = socket.netstat(client)
  print(entry.type, entry.peer == "127.0.0.1:" .. port, entry.dropped) -- expect: UDP true 1
  for _ = 2, 20 do                                   -- the log tells of each power of two
    socket.write(client, ("x"):rep(65508))
  end
  skynet.error "the twentieth"
  util.in_log "the twentieth"
  print(select(2, util.log():gsub("sendto error", "")), socket.netstat(client).dropped)
  -- expect: 5 20
  entry = socket.netstat(server)
  print(entry.peer, entry.read == 6 + 2 + 3 + 1 + 1472 + 1473 + 65507, entry.dropped)
  -- expect: nil true 0

  -- Forms of sendto.
  local code = "\1" .. string.pack(">I2", port) .. "\127\0\0\1"
  local function sent(...)
    assert(socket.sendto(client, ...))
    return (next_one())
  end
  print(sent(code, "to a code"), sent("127.0.0.1", port, "in words")) -- expect: to a code in words
  print(sent("localhost", port, { "by ", "name" }), sent(code, 5)) -- expect: by name 5
  print(socket.sendto(client, "\2" .. string.pack(">I2", port) .. ("\0"):rep(15) .. "\1", "x"),
    socket.sendto(client, "::1", port, "x"),
    socket.sendto(client, "no-such-host.invalid", port, "x"),
    socket.sendto(client, "127.0.0.1", 70000, "x"),
    socket.sendto(client + (1 << 32), code, "x"))   -- expect: false false false false false
  for _, bad in ipairs { "", "\1", code:sub(1, 6), code .. "x", "\2" .. code:sub(2), "\3abcdef" } do
    assert(util.try("Invalid udp address", socket.sendto, client, bad, "x")
      == "raises Invalid udp address", bad)
    assert(util.try("Invalid udp address", socket.udp_address, bad)
      == "raises Invalid udp address", bad)
  end
  print(util.try("Invalid udp address", socket.udp_address, 999999))
  -- expect: raises Invalid udp address
  print(util.try("number expected", socket.sendto, "x", code, "x"))
  -- expect: raises number expected
  print(util.try("a boolean at 2", socket.sendto, client, code, { "a", true }))
  -- expect: raises a boolean at 2

  -- Callbacks: they may block and overlap, be replaced, be left out, and fail.
  local order = {}
  local gate = {}
  local slow = socket.udp(function(data)
    if data == "first" then
      skynet.wait(gate)
    end
    order[#order + 1] = data
  end, "127.0.0.1", 0)
  local slow_port = select(2, socket.udp_address(slow))
  socket.sendto(client, "127.0.0.1", slow_port, "first")
  socket.sendto(client, "127.0.0.1", slow_port, "second")
  util.wait_for(function() return order[1] end)
  skynet.wakeup(gate)
  util.wait_for(function() return order[2] end)
  print(order[1], order[2])                         -- expect: second first
  local second_in, second_next, second_list = inbox()
  socket.udp_connect(slow, "127.0.0.1", port, second_in)
  socket.sendto(client, "127.0.0.1", slow_port, "replaced")
  print((second_next()), #order)                    -- expect: replaced 2
  socket.udp_connect(slow, "127.0.0.1", port)       -- keeps the callback
  socket.sendto(client, "127.0.0.1", slow_port, "kept")
  print((second_next()))                            -- expect: kept
  socket.onaccept(slow, nil)
  socket.sendto(client, "127.0.0.1", slow_port, "unheard")
  print(util.in_log(("drop udp package from %d (1 so far)"):format(slow))) -- expect: true
  socket.onaccept(slow, function() error "a callback fails" end)
  socket.sendto(client, "127.0.0.1", slow_port, "x")
  print(util.in_log "a callback fails")             -- expect: true
  print(util.try("function expected", socket.udp, 5)) -- expect: raises function expected
  local callable = setmetatable({}, { __call = function(_, data) order[3] = data end })
  local called = socket.udp(callable, "127.0.0.1", 0)
  socket.sendto(client, "127.0.0.1", select(2, socket.udp_address(called)), "called")
  print(util.wait_for(function() return order[3] end)) -- expect: called
  socket.close(called)

  -- Failures leave things as they were.
  print(util.try("udp connect failed:", socket.udp_connect, client, "no-such-host.invalid", 1))
  -- expect: raises udp connect failed:
  print(util.try("udp connect failed:", socket.udp_connect, client, "::1", 1))
  -- expect: raises udp connect failed:
  print(util.in_log(("error on %d protocol mismatch"):format(client))) -- expect: true
  print(through "the same peer", socket.disconnected(client)) -- expect: the same peer false
  print(util.try("udp connect failed:", socket.udp_connect, 999999, "127.0.0.1", 1))
  -- expect: raises udp connect failed:
  print(socket.invalid(999999))                     -- expect: true
  local alone = socket.udp()
  print(socket.write(alone, "x"), socket.lwrite(alone, "x")) -- expect: false false
  print(util.in_log(("set udp (%d) error: address first."):format(alone))) -- expect: true
  print(util.try("udp init failed: Address already in use", socket.udp, nil, "127.0.0.1", port))
  -- expect: raises udp init failed: Address already in use
  print(util.try("udp init failed", socket.udp, nil, "127.0.0.1", 70000))
  -- expect: raises udp init failed
  print(util.try("udp listen host failed", socket.udp_listen, "127.0.0.1", 0, callback))
  -- expect: raises udp listen host failed
  print(util.try("udp dial host failed", socket.udp_dial, "no-such-host.invalid", 1, callback))
  -- expect: raises udp dial host failed
  print(util.try("Invalid address", socket.udp_dial, "127.0.0.1")) -- expect: raises Invalid address
  local listener = socket.listen("127.0.0.1", 0)
  print(util.try("udp connect failed", socket.udp_connect, listener, "127.0.0.1", 1))
  -- expect: raises udp connect failed
  print(util.try("Invalid udp address", socket.udp_address, listener))
  -- expect: raises Invalid udp address
  socket.start(listener, print)
  socket.close(listener)

  -- It is not read, but closed, paused and handed on as any other.
  for _, read in ipairs { socket.read, socket.readline, socket.readall, socket.block } do
    assert(util.try("it is not read", read, client) == "raises it is not read")
  end
  socket.pause(server)
  socket.write(client, "while paused")
  local peer = util.peer()
  print(util.eval(peer, [[
    socket = require "skynet.socket"
    list = {}
    local id = ...
    assert(socket.start(id))
    socket.udp_connect(id, "127.0.0.1", 9, function(data) list[#list + 1] = data end)
    return socket.disconnected(id)]], server))      -- expect: false
  socket.write(client, "moved")
  util.wait_for(function() return util.eval(peer, "return list[#list]") == "moved" end)
  local closed
  util.eval(peer, "require('skynet.socket').close(...)", server)
  socket.onclose(client, function(id) closed = id end)
  socket.shutdown(client)
  util.wait_for(function() return closed == client end)
  print(socket.disconnected(client), socket.write(client, "x")) -- expect: true false
  socket.close(client)

  -- A service that ends closes its sockets.
  local bound = util.eval(peer, "return (socket.udp(nil, '127.0.0.1', 0))")
  local bound_port = select(2, socket.udp_address(bound))
  require "skynet.manager".kill(peer)
  util.wait_for(function() return not socket.netstat(bound) end)
  local again = socket.udp_listen("127.0.0.1", bound_port, callback)
  socket.sendto(alone, "127.0.0.1", bound_port, "again")
  print((next_one()))                               -- expect: again

  -- Many datagrams at once: what did not come was counted.
  local before, sent_count = #list, 20000
  for _ = 1, sent_count do
    socket.sendto(alone, "127.0.0.1", bound_port, "many")
  end
  util.wait_for(function()
    if #list - before + socket.netstat(again).dropped == sent_count then
      return true
    end
    socket.sendto(alone, "127.0.0.1", bound_port, "count") -- brings what the kernel has lost
    sent_count = sent_count + 1
  end, "all to be accounted for")
  print(#list > before + 100, #second_list)         -- expect: true 2

  for _, id in ipairs { slow, alone, again } do
    socket.close(id)
  end
  print(#socket.netstat(), util.task_count())       -- expect: 0 0
end)
