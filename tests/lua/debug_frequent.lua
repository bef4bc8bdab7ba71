-- debug_frequent.lua -- the debug commands that every service is asked for need no module in it.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  local function ask(...) return skynet.call(peer, "debug", ...) end
  local function is_loaded(service)
    return util.eval(service, "return package.loaded['skynet.debug'] ~= nil")
  end

  print(util.show(ask "PING"), math.type(ask "MEM"), ask "MEM" > 1)  -- expect: nothing float true
  local stat = ask "STAT"
  print(math.type(stat.task), math.type(stat.mqlen), math.type(stat.message), math.type(stat.cpu))
  -- expect: integer integer integer float

  -- Of several collections that wait one is made; a later one is again.
  util.eval(peer, [[
    for _ = 1, 5 do skynet.send(skynet.self(), "debug", "GC") end
    junk = string.rep("x", 1000000)
    junk = nil
  ]])
  ask "PING"
  local function collections()
    return select(2, util.log():gsub("GC %d+%.%d+ Kb %-> %d+%.%d+ Kb, cost %d+%.%d+ sec", ""))
  end
  util.in_log "GC "
  print(collections())                                               -- expect: 1
  skynet.send(peer, "debug", "GC")
  util.wait_for(function() return collections() == 2 end)
  print(is_loaded(peer))                                             -- expect: false
  print(util.try("call failed", skynet.call, peer, "debug", "NO_SUCH"))
  -- expect: raises call failed

  local other = util.peer()
  -- With the module they work as before, and it is loaded with its functions.
  print(util.show(skynet.call(other, "debug", "SUPPORT", "lua")))    -- expect: true
  print(is_loaded(other))                                            -- expect: true
  print(skynet.call(other, "debug", "MEM") > 1, skynet.call(other, "debug", "STAT").task)
  -- expect: true 0
end)
