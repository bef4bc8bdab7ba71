-- move.lua -- a connection changes its service, with bytes that nobody has read.
-- threads: 1 2 8
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local READER = [[
  socket = require "skynet.socket"
  local id, count = ...
  assert(socket.start(id))
  local lines = {}
  for i = 1, count do lines[i] = socket.readline(id) end
  return table.concat(lines, " ")]]

util.run(function()
  local accepted = {}
  local listener, _, port = socket.listen("127.0.0.1", 0)
  socket.start(listener, function(id) accepted[#accepted + 1] = id end)
  local client = socket.open("127.0.0.1", port)
  local id = util.wait_for(function() return accepted[1] end)

  -- Accepted here, started there; written to before it is started.
  socket.write(client, "a\nb\n")
  print(socket.write(id, "early\n"), socket.readline(client)) -- expect: true early
  local first, second = util.peer(), util.peer()
  print(util.eval(first, READER, id, 2))            -- expect: a b

  -- Handed on while bytes lie in the old owner's input, and in the kernel.
  socket.write(client, "c\nd\ne\n")
  print(util.eval(first, "return socket.readline(...)", id))  -- expect: c
  util.eval(first, "socket.abandon(...)", id)
  socket.write(client, "f\n")
  print(util.eval(second, READER, id, 3))           -- expect: d e f
  print(util.eval(first, "return socket.invalid(...)", id))   -- expect: true

  -- To and fro.
  for i = 1, 20 do
    local from, to = first, second
    if i % 2 == 1 then
      from, to = second, first
    end
    socket.write(client, i .. "\n" .. i .. "x\n")
    util.eval(from, "socket.abandon(...)", id)
    local line = util.eval(to, READER, id, 2)
    assert(line == i .. " " .. i .. "x", line)
  end

  -- The owner dies: its connection is closed.
  require "skynet.manager".kill(second)
  print(util.show(socket.read(client, 1)))          -- expect: false ""
  socket.close(client)

  -- A finalizer of a dying service may use its sockets.
  client = socket.open("127.0.0.1", port)
  id = util.wait_for(function() return accepted[2] end)
  util.eval(first, [[
    local id = ...
    socket.start(id)
    setmetatable({}, { __gc = function() socket.write(id, "bye\n") pcall(socket.close, id) end })
    ]], id)
  pcall(util.eval, first, [[
    keep = setmetatable({}, { __gc = function() socket.invalid(1) end })
    skynet.exit()]])
  print((socket.read(client, 100)))                 -- expect: false
  socket.close(client)
  socket.close(listener)
end)
