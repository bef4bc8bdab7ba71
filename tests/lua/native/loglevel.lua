-- loglevel.lua -- the configuration says which lines of native services are written.
-- cfg: loglevel = "warn"
-- cfg: logger = "$TMP/log"
local native = require "support.native"
local util = require "support.util"
local print = util.print

util.run(function()
  native.init()
  local ask = native.launch()
  print(ask "log line")                             -- expect: no debug
  print(util.in_log "error: line 3")                -- expect: true
  local log = util.log()
  print(log:find("line 1", 1, true), log:find("warn: line 2", 1, true) ~= nil)
  -- expect: nil true
end)
