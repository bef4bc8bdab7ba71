-- mailbox_default.lua -- the bound that the configuration gives to each service of the program.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: mqmax = 4
-- cfg: mqdelayms = 60000
-- cfg: mqpolicy = "refuse"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  local settings = skein.mailbox()
  print(settings.max, settings.delay_ms, settings.policy)  -- expect: 4 60000 refuse

  local peer = util.peer()
  print(util.eval(peer, [[
    local refused = 0
    for _ = 1, 10 do
      refused = refused + (skynet.send(skynet.self(), "lua", "eval", "") and 0 or 1)
    end
    return refused]]))                              -- expect: 6

  -- One that sets its own, and one that wants none.
  util.eval(peer, "require 'skein'.mailbox(false)")
  print(util.eval(peer, [[
    local refused = 0
    for _ = 1, 10 do
      refused = refused + (skynet.send(skynet.self(), "lua", "eval", "") and 0 or 1)
    end
    return refused]]))                              -- expect: 0

  -- Services of the system have none: a burst of starts is no overload.
  local started = 0
  for _ = 1, 20 do
    skynet.fork(function()
      util.peer()
      started = started + 1
    end)
  end
  util.wait_for(function() return started == 20 end)
  print(started)                                    -- expect: 20
end)
