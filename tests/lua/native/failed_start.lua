-- failed_start.lua -- what a native service began in a start that failed is undone without a word.
-- threads: 1 2 8
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local util = require "support.util"

util.run(function()
  local asked = 0
  skynet.register_protocol { name = "text", id = skynet.PTYPE_TEXT, unpack = skynet.tostring,
    dispatch = function(session)
      asked = asked + 1
      if session ~= 0 then skynet.ret() end
    end }
  for i = 1, 20 do
    assert(skynet.launch("failstart", skynet.address(skynet.self())) == nil)
    util.wait_for(function() return asked == i end)
  end
  util.wait_for(function() return #socket.netstat() == 0 end)
  print "nothing is left"                           -- expect: nothing is left
end)
