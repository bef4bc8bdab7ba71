-- bind.lua -- descriptors that the program opened, as sockets: pipes, terminals, standard input.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local socket = require "skynet.socket"
local fds = require "fds"
local util = require "support.util"
local print = util.print

util.run(function()
  -- Reading a pipe to its end; the descriptor stays open and as it was.
  local inp, out = fds.pipe()
  fds.write(out, "first\nsec")
  local id = socket.bind(inp)
  print(math.type(id), socket.invalid(id), socket.disconnected(id), fds.blocks(inp))
  -- expect: integer false false false
  print(socket.readline(id))                        -- expect: first
  skynet.fork(fds.write, out, "ond\nrest")
  print(socket.readline(id))                        -- expect: second
  local entry = socket.netstat(id)
  print(entry.type, entry.read, entry.address == skynet.self(), entry.peer)
  -- expect: BIND 17 true nil
  local closed
  socket.onclose(id, function(of) closed = of end)
  skynet.fork(fds.close, out)
  print(util.show(socket.read(id, 100)))            -- expect: false "rest"
  print(closed == id, socket.disconnected(id))      -- expect: true true
  socket.close(id)
  print(socket.invalid(id), fds.blocks(inp))        -- expect: true true
  fds.close(inp)

  -- Writing to one: more than it holds, and the close waits for the reader.
  inp, out = fds.pipe()
  id = socket.bind(out)
  local text = ("0123456789"):rep(30000)
  print(socket.write(id, text), socket.write(id, { "e", "nd" })) -- expect: true true
  local is_closed
  skynet.fork(function()
    socket.close(id)
    is_closed = true
  end)
  local pieces, size = {}, 0
  while size < #text + 3 do
    local piece = util.wait_for(function() return fds.read(inp, 65536) end)
    pieces[#pieces + 1] = piece
    size = size + #piece
  end
  print(table.concat(pieces) == text .. "end")      -- expect: true
  util.wait_for(function() return is_closed end)
  print(socket.write(id, "x"), fds.blocks(out))     -- expect: false true

  -- A second close of the same descriptor's socket, and binding it again.
  id = socket.bind(out)
  print(socket.write(id, "again"))                  -- expect: true
  print(fds.read(inp, 100))                         -- expect: again
  fds.close(inp)
  util.wait_for(function() return socket.disconnected(id) end)
  socket.write(id, "x")
  print(socket.write(id, "x"))                      -- expect: false
  socket.close(id)
  fds.close(out)

  -- A terminal: several lines at once, and the end of input.
  local user, program = fds.terminal()
  id = socket.bind(program)
  fds.write(user, "one\ntwo\nthree\n")
  print(socket.readline(id), socket.readline(id), socket.readline(id)) -- expect: one two three
  skynet.fork(fds.write, user, "\4")
  print(util.show(socket.readline(id)))             -- expect: false ""
  socket.close(id)
  fds.close(program)
  fds.close(user)

  -- What cannot be polled; and the second socket of one descriptor.
  local refused = "reach skynet socket number limit"
  print(util.show(socket.bind(-1)) == 'nil "' .. refused .. '"') -- expect: true
  print(util.show(socket.bind(1 << 40)) == 'nil "' .. refused .. '"') -- expect: true
  inp, out = fds.pipe()
  id = socket.bind(inp)
  print(select(2, socket.bind(inp)) == refused)     -- expect: true
  print(util.try("number expected", socket.bind, "x")) -- expect: raises number expected
  print(util.show(socket.stdin()) == 'nil "' .. refused .. '"') -- expect: true

  -- Given up and taken again; handed to another service, whose end closes it.
  fds.write(out, "mine\n")
  print(socket.readline(id))                        -- expect: mine
  socket.abandon(id)
  print(socket.start(id) == id)                     -- expect: true
  fds.write(out, "mine too\n")
  print(socket.readline(id))                        -- expect: mine too
  socket.abandon(id)
  fds.write(out, "yours\n")
  local peer = util.peer()
  print(util.eval(peer, [[
    socket = require "skynet.socket"
    assert(socket.start(...))
    return socket.readline(...)]], id))             -- expect: yours
  require "skynet.manager".kill(peer)
  util.wait_for(function() return not socket.netstat(id) end)
  print(fds.blocks(inp))                            -- expect: true

  -- The coroutine in bind is killed: nobody has the id, so it is closed.
  local co = skynet.fork(socket.bind, inp)
  skynet.fork(function() skynet.killthread(co) end)
  util.wait_for(function() return fds.blocks(inp) end)
  print(#socket.netstat())                          -- expect: 0
  fds.close(inp)
  fds.close(out)
end)
