-- start.lua -- starting services: arguments, init functions, ways to fail, who learns of it.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: tmp = "$TMP"
-- cfg: luaservice = "$DIR/?.lua;$TMP/?.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local STARTER = "support/starter"

local function try(...)
  return util.try("call failed", skynet.newservice, ...)
end

util.run(function()
  local handle = skynet.newservice(STARTER, "fine", 42)
  print(math.type(handle), handle > skynet.self())         -- expect: integer true
  print(util.show(skynet.call(handle, "lua", "words")))    -- expect: "support/starter" "fine" "42"
  handle = skynet.newservice(STARTER .. " one two")
  print(util.show(skynet.call(handle, "lua", "words")))    -- expect: "support/starter" "one" "two"
  print(try(STARTER, "slow") ~= "nothing")                 -- expect: true
  print(try(STARTER, "self_call") ~= "nothing")            -- expect: true

  print(try(STARTER, "chunk"))       -- expect: raises call failed
  print(try(STARTER, "init"))        -- expect: raises call failed
  print(try(STARTER, "start"))       -- expect: raises call failed
  print(try(STARTER, "exit_chunk"))  -- expect: nothing
  print(try(STARTER, "exit_init"))   -- expect: nothing
  print(try(STARTER, "exit_start"))  -- expect: nothing
  print(try("no_such_service"))      -- expect: raises call failed

  local file = assert(io.open(skynet.getenv "tmp" .. "/broken.lua", "w"))
  file:write("local x = = 1\n")
  file:close()
  print(try "broken")                -- expect: raises call failed

  -- A service that never calls skynet.start refuses what it is asked.
  local silent = require "skynet.manager".launch("snlua", STARTER .. " no_start")
  print(util.try("call failed", skynet.call, silent, "lua", "x")) -- expect: raises call failed

  -- Killed while it starts.
  local box = {}
  skynet.fork(function()
    box.result = try("support/never_starts")
  end)
  local born = util.wait_for(function()
    return skynet.localname ".never_starts"
  end)
  skynet.manager = require "skynet.manager"
  skynet.manager.kill(born)
  util.wait_for(function() return box.result end)
  print(box.result)                  -- expect: raises call failed

  -- The failed ones are gone from the list of services.
  local listed = {}
  for _, text in pairs(skynet.call(".launcher", "lua", "LIST")) do
    listed[#listed + 1] = text:match "starter (%a+)" or text:match "never" or text:match "broken"
  end
  table.sort(listed)
  print(table.concat(listed, " "))   -- expect: fine one self slow
  print(util.in_log "starter fails in chunk") -- expect: true
  print(util.in_log "init service failed:") -- expect: true
  print(util.in_log "starter fails in init") -- expect: true
  print(util.in_log "broken.lua:1:") -- expect: true
end)
