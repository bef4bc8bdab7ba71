-- exit_monitor.lua -- the exit monitor hears of each end of a service, in order, without payload.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local core = require "skynet.core"
local util = require "support.util"
local print = util.print

local WATCHER = "support/watcher"

util.run(function()
  print(util.show(core.command "MONITOR"))          -- expect: nothing
  local watcher = skynet.monitor(WATCHER)
  print(skynet.monitor(WATCHER, true) == watcher)   -- expect: true
  print(core.command "MONITOR" == (":%x"):format(watcher)) -- expect: true

  local killed, exits = util.peer(), util.peer()
  skynet.kill(killed)
  print(util.try("call failed", util.eval, exits, "skynet.exit()")) -- expect: raises call failed
  local all = {}
  util.wait_for(function()
    local more = skynet.call(watcher, "lua")
    all[#all + 1] = more ~= "" and more or nil
    -- The end of bootstrap may be seen, too.
    return table.concat(all, ", "):find(("0 %d 0, 0 %d 0"):format(killed, exits), 1, true)
  end)

  -- A kill of nobody is told, too.
  core.command("KILL", ":fffff0")
  util.wait_for(function()
    return skynet.call(watcher, "lua"):find("0 " .. 0xfffff0 .. " 0", 1, true)
  end)

  -- One that fails to load has been a service, too.
  print(util.try("call failed", skynet.newservice, "no_such_service")) -- expect: raises call failed
  util.wait_for(function()
    local handle = math.tointeger(skynet.call(watcher, "lua"):match "0 (%d+) 0$")
    return handle and handle > exits
  end)
end)
