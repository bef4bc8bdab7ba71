-- limit.lua -- socket_output_limit: a peer that does not read costs no more than that.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
-- cfg: socket_output_limit = 300000
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

util.run(function()
  local id, _, port = socket.listen("127.0.0.1", 0)
  local accepted
  socket.start(id, function(client)
    accepted = client  -- not started: nothing is read
  end)
  local client = socket.open("127.0.0.1", port)
  util.wait_for(function() return accepted end)
  local chunk = ("x"):rep(100000)
  local closed = util.wait_for(function()
    for _ = 1, 10 do
      if not socket.write(client, chunk) then
        return true
      end
    end
  end)
  print(closed)                                     -- expect: true
  print(util.in_log("socket: error on " .. client)) -- expect: true
end)
