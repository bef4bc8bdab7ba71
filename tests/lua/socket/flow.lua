-- flow.lua -- peers that do not read, or send too much: warnings, pause, limit.
-- threads: 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local KIB = 1024

util.run(function()
  local accepted = {}
  local listener, _, port = socket.listen("127.0.0.1", 0)
  socket.start(listener, function(id) accepted[#accepted + 1] = id end)
  local function pair()
    local n = #accepted + 1
    local client = socket.open("127.0.0.1", port)
    return client, util.wait_for(function() return accepted[n] end)
  end

  -- A client that never reads: the writer is warned, nobody waits.
  local client, server = pair() -- the server side is not started: it reads nothing
  local warned
  socket.warning(client, function(id, kib) warned = id == client and kib end)
  local block = ("w"):rep(256 * KIB)
  for _ = 1, 60 do
    assert(socket.write(client, block))
  end
  util.wait_for(function() return warned end, "the warning")
  print(warned >= 1024)                             -- expect: true
  socket.warning(client, nil)
  for _ = 1, 200 do
    assert(socket.write(client, block))
  end
  print(util.in_log "K bytes need to send out")     -- expect: true
  -- It all arrives, once the other side reads.
  socket.start(server)
  print(#socket.read(server, 260 * 256 * KIB) == 260 * 256 * KIB) -- expect: true
  socket.close(client)
  socket.close(server)

  -- Unread bytes pause the reading by themselves; a reader resumes it.
  client, server = pair()
  socket.start(server)
  for _ = 1, 40 do
    socket.write(client, block)
  end
  print(util.in_log(("Pause socket (%d) size"):format(server))) -- expect: true
  local total = 0
  while total < 40 * 256 * KIB do
    total = total + #socket.read(server)
  end
  print(total == 40 * 256 * KIB, util.in_log(("Resume socket (%d)"):format(server)))
  -- expect: true true

  -- Paused by hand.
  socket.pause(server)
  print(util.in_log(("Pause socket (%d)"):format(server)))  -- expect: true
  socket.write(client, "held")
  print(socket.read(server, 4))                     -- expect: held

  -- readall is not in the way of itself.
  local all
  skynet.fork(function() all = socket.readall(server) end)
  for _ = 1, 8 do
    socket.write(client, block)
  end
  socket.close(client)
  util.wait_for(function() return all end)
  print(#all == 8 * 256 * KIB)                      -- expect: true
  socket.close(server)

  -- A limit ends an endless line.
  client, server = pair()
  socket.start(server)
  socket.limit(server, 8192)
  local line, rest
  skynet.fork(function() line, rest = socket.readline(server) end)
  for _ = 1, 64 do
    socket.write(client, ("l"):rep(KIB))
  end
  util.wait_for(function() return rest end)
  print(line, #rest > 8192 and #rest <= 64 * KIB)   -- expect: false true
  print(socket.disconnected(server))                -- expect: true
  print(util.in_log(("socket buffer overflow: fd=%d"):format(server)))  -- expect: true
  socket.close(server)
  socket.close(client)
  print(util.try("assertion failed", socket.limit, 12345, 1)) -- expect: raises assertion failed
  print(util.task_count())                          -- expect: 0
end)
