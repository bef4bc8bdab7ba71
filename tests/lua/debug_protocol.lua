-- debug_protocol.lua -- each command of the debug protocol: its answer, or that there is none.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print
local peer

local function ask(...)
  return skynet.call(peer, "debug", ...)
end

local function try(...)
  return util.try("call failed", ask, ...)
end

local function looking()
  print(math.type(ask "MEM"))                     -- expect: float
  local stat = ask "STAT"
  print(stat.task, stat.mqlen, math.type(stat.cpu), math.type(stat.message))
  -- expect: 0 0 float integer
  print(try("TASK", 0x7fffffff))                  -- expect: "No session"
  print(try("TASK", "init"))                      -- expect: nothing
  print(next(ask "TASK"), next(ask "UNIQTASK"))   -- expect: nil nil
  print(try "INFO", try("INFO", 1))               -- expect: nil nil
  print(try("SUPPORT", "lua"), try("SUPPORT", "snax"), try "SUPPORT") -- expect: true false false
  print(try "PING")                               -- expect: nothing
  skynet.send(peer, "debug", "GC")
  print(util.in_log "GC ")                        -- expect: true
end

local function acting()
  -- A coroutine that waits is seen, and killed by a part of its name.
  local box = util.eval_later(peer, "require 'skynet'.wait 'never'")
  local key = util.wait_for(function() return (next(ask "TASK")) end)
  print(key:match "^thread: 0x%x+ session: %d+$" ~= nil) -- expect: true
  local session = math.tointeger(key:match "%d+$")
  print(ask("TASK", session):find "traceback" ~= nil)    -- expect: true
  print((next(ask "UNIQTASK")) == ("1\tsessions:[%d]\n"):format(session)) -- expect: true
  print(try("KILLTASK", key:match "0x%x+"))       -- expect: nothing
  util.wait_for(function() return box.result end)
  print(box.result)                               -- expect: raises call failed
  print(util.in_log "Kill thread: 0x")            -- expect: true
  print(try("KILLTASK", "no such thread"))        -- expect: "Not found"
  print(util.in_log "Kill no such thread : Not found") -- expect: true

  print(try("TRACELOG", true), try("TRACELOG", "lua", false), try "TRACELOG")
  -- expect: nothing nothing nothing
  print(util.in_log "Turn trace log true for lua") -- expect: true
  print(util.in_log "Turn trace log nil for lua")  -- expect: true
  print(try("TRACELOG", "no such protocol", true)) -- expect: raises call failed

  local ok, output = ask("RUN", "print('a', 1) print 'b'")
  print(ok, (output:gsub("%s", "_")))             -- expect: true a_1_b
  print((ask("RUN", "x =")))                      -- expect: false
  print(try "NO_SUCH")                            -- expect: raises call failed
  print(try())                                    -- expect: raises call failed
end

-- Commands of a service's own; those that are built in stay.
local function own_commands()
  util.eval(peer, [[
    local skynet, debug = require "skynet", require "skynet.debug"
    debug.reg_debugcmd("OWN", function(...) skynet.retpack("own", ...) end)
    debug.reg_debugcmd("PING", function() skynet.retpack "never" end)
    skynet.info_func(function(...) return "info", ... end)]])
  print(try("OWN", 1, nil))                       -- expect: "own" 1 nil
  print(try "PING")                               -- expect: nothing
  print(try("INFO", "x"))                         -- expect: "info" "x"
end

local function the_end()
  local link = {}
  skynet.fork(function()
    link.result = try "LINK"
  end)
  skynet.yield()
  print(link.result)                              -- expect: nil
  print(try "EXIT")                               -- expect: raises call failed
  util.wait_for(function() return link.result end)
  print(link.result)                              -- expect: raises call failed
end

util.run(function()
  peer = util.peer()
  looking()
  acting()
  own_commands()
  the_end()
end)
