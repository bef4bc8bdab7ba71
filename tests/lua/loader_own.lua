-- loader_own.lua -- a loader of the user's own is given the whole text, and its errors are logged.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: lualoader = "$DIR/support/own_loader.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print
local text = ...

util.run(function()
  print(_G.LOADED_AS, text)            -- expect: loader_own loader_own
  print(math.type(skynet.newservice("support/peer", "a", 1))) -- expect: integer
  print(util.try("call failed", skynet.newservice, "loader_fails")) -- expect: raises call failed
  print(util.in_log "lua loader error : ")                  -- expect: true
  print(util.in_log "the loader fails")                     -- expect: true
end)
