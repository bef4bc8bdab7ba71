-- launch.lua -- what a gate says of a launch that it refuses.
-- threads: 1 2
-- expect-log: Invalid gate parm S ! 8888
-- expect-log: Invalid gate parm S ! 8888 x 5
-- expect-log: Need max connection
-- expect-log: Invalid data header style
-- expect-log: Invalid watchdog .nobody
-- expect-log: Invalid watchdog :0
-- expect-log: Invalid watchdog nobody
-- expect-log: Invalid gate address 127.0.0.1:0
-- expect-log: Invalid gate address here
-- expect-log: error: gate cannot listen on 127.0.0.1:
-- expect-log: error: gate cannot listen on 203.0.113.1:
-- expect-log: error: launch gate FAILED
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

util.run(function()
  local listener, _, used = socket.listen("127.0.0.1", 0)
  for _, words in ipairs {
    "", " ", " S ! 8888", " S ! 8888 x 5", " S ! 8888 0", " S ! 8888 0 0", " X ! 8888 0 5",
    " S .nobody 8888 0 5", " S :0 8888 0 5", " S nobody 8888 0 5", " S ! 127.0.0.1:0 0 5",
    " L ! here 0 5", " S ! 127.0.0.1:" .. used .. " 0 5", " S ! 203.0.113.1:8888 0 5",
  } do
    assert(not skynet.launch("gate" .. words), words)
  end
  socket.close(listener)
  print "refused"                                   -- expect: refused
  local function address(host)
    return host .. gates.free_port()
  end
  print(skynet.launch("gate", "S", "!", address "", 0, 1) ~= nil)           -- expect: true
  print(skynet.launch("gate", "L", "!", address "localhost:", 3, 1) ~= nil) -- expect: true
end)
