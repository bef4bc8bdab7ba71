-- starve.lua -- services that are always busy keep nobody out, whatever their number.
-- threads: 1 2 4
local skynet = require "skynet"
local util = require "support.util"

util.run(function()
  for _ = 1, 6 do
    skynet.newservice "support/spinner"
  end
  local peer = util.peer()
  for i = 1, 50 do
    assert(util.eval(peer, "return ...", i) == i)
  end
  print "everybody had a turn"                      -- expect: everybody had a turn
end)
