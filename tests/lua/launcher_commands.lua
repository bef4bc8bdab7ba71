-- launcher_commands.lua -- the commands of .launcher and .service, by messages, also wrong ones.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local function ask(...)
  return skynet.call(".launcher", "lua", ...)
end

local function entry(command, handle, ...)
  return ask(command, ...)[skynet.address(handle)]
end

local function launcher()
  print(ask("NO_SUCH")[1], ask()[1])              -- expect: Unknown command Unknown command
  print(util.try("call failed", ask, "LAUNCH"))   -- expect: raises call failed
  print(util.try("call failed", ask, "LAUNCH", "no_module", "x")) -- expect: raises call failed
  print(util.try("call failed", ask, "LAUNCH", "snlua", {})) -- expect: raises call failed
  print(util.show(ask("QUERY", 0x7fffffff)))      -- expect: nil

  local peer = ask("launch", "snlua", "support/peer", 1, true)
  print(math.type(peer), entry("list", peer))     -- expect: integer snlua support/peer 1 true
  local stat = entry("STAT", peer)
  print(stat.task, stat.mqlen, math.type(stat.message), math.type(stat.cpu))
  -- expect: 0 0 integer float
  print(entry("MEM", peer):match "^[%d.]+ Kb %(snlua support/peer 1 true%)$" ~= nil) -- expect: true
  print(entry("GC", peer):match "^[%d.]+ Kb %(" ~= nil) -- expect: true

  -- KILL: what stands behind it in the queue finds the service gone.
  skynet.send(".launcher", "lua", "KILL", peer)
  print(entry("LIST", peer))                      -- expect: nil
  print(ask("KILL", peer)[skynet.address(peer)])  -- expect: nil
  print(util.is_gone(peer))                       -- expect: true

  -- A service that is forgotten goes on.
  peer = util.peer()
  skynet.send(".launcher", "lua", "REMOVE", peer, false)
  print(entry("LIST", peer), util.is_gone(peer))  -- expect: nil false
end

local function service_mgr()
  local function service(...)
    return util.show(skynet.call(".service", "lua", ...))
  end
  print(service("NO_SUCH"), service())
  -- expect: nil "Invalid command NO_SUCH" nil "Invalid command nil"
  print(service "LAUNCH")          -- expect: nil "a service name is a string, not a nil"
  print(service("QUERY", 1))       -- expect: nil "a service name is a string, not a number"
  -- One answer, one value.
  local handle, more = skynet.uniqueservice "support/peer"
  print(math.type(handle), more)   -- expect: integer nil
  print(select("#", skynet.uniqueservice "support/peer")) -- expect: 1
  -- The name with @ is another key, for the same file.
  local other = skynet.uniqueservice(true, "support/peer")
  print(other ~= handle, skynet.queryservice "@support/peer" == other) -- expect: true true
  local list = skynet.call(".service", "lua", "LIST")
  print(list["support/peer"] == skynet.address(handle),
    list["@support/peer"] == skynet.address(other)) -- expect: true true
  -- A failure is kept.
  print(util.try("call failed", skynet.uniqueservice, "no_such_service"))
  -- expect: raises call failed
  print(util.try("call failed", skynet.queryservice, "no_such_service"))
  -- expect: raises call failed
end

util.run(function()
  launcher()
  service_mgr()
end)
