-- unique.lua -- unique services: LIST names what is started and where a pending start waits.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local handle = skynet.uniqueservice "support/peer"
  skynet.fork(skynet.queryservice, "never started")
  skynet.fork(function() print(skynet.uniqueservice "support/hangs") end)
  skynet.fork(pcall, skynet.uniqueservice, "support/nothing")
  local function list()
    return skynet.call(".service", "lua", "LIST")
  end
  local text = util.wait_for(function()
    local one = list()["support/hangs"]
    return one and one:find "Init as" and one
  end)
  print(text:find "Init as :%x+\n.*hangs.lua" ~= nil)        -- expect: true
  print(text:find "Launching from :%x+\n.*unique.lua" ~= nil) -- expect: true
  print(list()["support/peer"] == skynet.address(handle))    -- expect: true
  text = list()["never started"]
  print(text:find("Querying:\n" .. skynet.address(skynet.self()), 1, true))  -- expect: 1 19
  print(util.wait_for(function()
    local entry = list()["support/nothing"]
    return entry and entry:match "^Error"
  end))                                                      -- expect: Error
  print(util.show(skynet.call(".service", "lua", "NO_SUCH")))
  -- expect: nil "Invalid command NO_SUCH"
end)
