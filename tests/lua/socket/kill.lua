-- kill.lua -- coroutines that are killed while they wait for a socket.
-- threads: 2
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

util.run(function()
  local accepted = {}
  local listener, _, port = socket.listen("127.0.0.1", 0)
  socket.start(listener, function(id)
    socket.start(id)
    accepted[#accepted + 1] = id
  end)
  local function pair()
    local n = #accepted + 1
    local client = socket.open("127.0.0.1", port)
    return client, util.wait_for(function() return accepted[n] end, "accept")
  end
  local function forked(f, ...)
    local co = skynet.fork(f, ...)
    skynet.yield()
    return co
  end
  local function kill(co)
    return skynet.killthread(co) == co
  end

  -- A reader: what comes later goes to the next one.
  local client, server = pair()
  for _, reader in ipairs { socket.read, socket.readline, socket.readall, socket.block } do
    local is_killed = kill(forked(reader, client))
    collectgarbage()
    socket.write(server, "line\n")
    print(is_killed, socket.readline(client))       -- expect: true line
    -- expect: true line
    -- expect: true line
    -- expect: true line
  end

  -- The killed reader is not in the way of the end.
  print(kill(forked(socket.read, client, 100)))     -- expect: true
  socket.close(server)
  print(util.show(socket.read(client, 1)))                     -- expect: false ""
  socket.close(client)

  -- In open and in close.
  local n = #accepted + 1
  print(kill(forked(socket.open, "127.0.0.1", port))) -- expect: true
  server = util.wait_for(function() return accepted[n] end, "accept")
  print(util.show(socket.read(server)))                        -- expect: false ""
  socket.close(server)
  client, server = pair()
  print(kill(skynet.fork(socket.close, client)))    -- expect: true
  print(kill(forked(function()
    skynet.fork(function() end)
    socket.close(client)
  end)))                        -- expect: true
  util.wait_for(function() return socket.invalid(client) end)
  print(util.show(socket.read(server)))                        -- expect: false ""
  socket.close(server)

  -- Two close at once, one of them killed.
  client, server = pair()
  local first = skynet.fork(socket.close, client)
  local ended
  skynet.fork(function()
    skynet.killthread(first)
    socket.close(client)
    ended = true
  end)
  util.wait_for(function() return ended end)
  print(socket.invalid(client))                     -- expect: true
  socket.close(server)

  -- Abandoned while others wait in it.
  client, server = pair()
  local result
  skynet.fork(function() result = util.show(socket.read(client)) end)
  skynet.yield()
  socket.abandon(client)
  util.wait_for(function() return result end)
  print(result)                                     -- expect: false ""
  print(socket.start(client) == client, socket.write(server, "x"), socket.read(client, 1))
  -- expect: true true x
  socket.close(client)
  socket.close(server)
  socket.close(listener)
  print(util.task_count())                          -- expect: 0
end)
