-- filter_errors.lua -- a filter that raises, or returns nonsense: the caller is told, others go on.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local me = skynet.self()
  local filter = skynet.newservice("support/forwarder", "picky")
  local function ask(what) return util.try("call failed", skynet.call, filter, "lua", what) end

  print(ask "fine")                                 -- expect: "fine"
  print(ask "raise text")                           -- expect: raises call failed
  print(ask "raise nil")                            -- expect: raises call failed
  print(ask "return nothing")                       -- expect: raises call failed
  print(ask "return texts")                         -- expect: raises call failed
  print(ask "fine")                                 -- expect: "fine"
  print(util.in_log "the filter refuses raise text") -- expect: true
  print(util.in_log(("[:%08x] lua call [%x to :%x : "):format(filter, me, filter))) -- expect: true

  -- A send has no caller; an error behind the filter is told once, by the dispatcher.
  skynet.send(filter, "lua", "raise text")
  print(ask "fail behind")                          -- expect: raises call failed
  print(ask "answer and fail")                      -- expect: "answered"
  print(ask "fine", util.task_count())              -- expect: "fine" 0
end)
