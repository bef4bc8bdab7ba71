-- supervisor_service.lua -- supervisors in services of their own: giving up, nesting, stopping.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

local record = {}
local asked = {}

skynet.dispatch("lua", function(_, _, command, text)
  if command == "record" then
    record[#record + 1] = text
  else
    asked[text] = (asked[text] or 0) + 1
  end
  skynet.retpack(asked[text] ~= 1)
end)

util.run(function()
  local self = skynet.self()
  local function recorded()
    local text = table.concat(record, ", ")
    record = {}
    return text
  end
  local function start(kind)
    return skynet.newservice("skein_supervisor", "support.tree", kind, self)
  end
  local function ask(sup, ...)
    return skynet.call(sup, "lua", ...)
  end
  local function reason_of(sup, f)
    local reason
    skein.monitor(sup, function(_, why) reason = why end)
    f(sup)
    return util.wait_for(function() return reason end)
  end
  local function fail(handle, reason)
    skynet.send(handle, "lua", "exit", reason or "no luck")
  end
  --- Waits for a child that is another one than before.
  local function again(sup, id, old)
    return util.wait_for(function()
      local handle = ask(sup, "handle", id)
      return handle ~= old and handle
    end)
  end

  -- The methods as commands; the end by "stop".
  local sup = start "flat"
  print(recorded())                                 -- expect: start a, start b
  print(ask(sup, "count").running, #ask(sup, "which"))  -- expect: 2 2
  print(ask(sup, "start_child", { id = "c", start = { "support/child", self, "c" } })
    == ask(sup, "handle", "c"))                     -- expect: true
  print(ask(sup, "terminate", "c"), ask(sup, "delete", "c"))        -- expect: true true
  print(ask(sup, "delete", "c"))                    -- expect: nil supervisor: no child "c"
  print(ask(sup, "nonsense"))
  -- expect: nil supervisor: unknown command nonsense
  print(select(2, ask(sup, "start_child", 1)):match "a child is a table")
  -- expect: a child is a table
  print(ask(sup, "init", {}))
  -- expect: nil supervisor: it has started already
  recorded()
  print(reason_of(sup, function() print(ask(sup, "stop"), recorded()) end))
  -- expect: true stop b, stop a
  -- expect: shutdown

  -- Asked to shut down, it stops its children first, in reverse.
  sup = start "flat"
  recorded()
  print(reason_of(sup, skein.shutdown))             -- expect: shutdown
  print(recorded())                                 -- expect: stop b, stop a

  -- Killed or exited, it takes them along at once.
  for _, how in ipairs { skynet.kill, function(h) skynet.send(h, "debug", "RUN",
    "require 'skynet'.exit()") end } do
    sup = start "flat"
    local a, b = ask(sup, "handle", "a"), ask(sup, "handle", "b")
    local why = {}
    for _, handle in ipairs { a, b } do
      skein.monitor(handle, function(_, reason) why[#why + 1] = reason:match "%w+" end)
    end
    how(sup)
    util.wait_for(function() return #why == 2 end)
    print(why[1], why[2])
    -- expect: killed killed
    -- expect: shutdown shutdown
  end
  recorded()

  -- Too many restarts: the service ends with a reason, the children before it.
  sup = start "flat"
  recorded()
  local first = ask(sup, "handle", "a")
  fail(first)
  local second = again(sup, "a", first)
  local b = ask(sup, "handle", "b")
  print(reason_of(sup, function() fail(second) end))  -- expect: shutdown: intensity
  print(recorded(), util.is_gone(b))                  -- expect: start a, stop b true
  print(util.in_log "more than 1 restarts within 5 s, the last one of child a")  -- expect: true

  -- The same when a restart fails again and again.
  sup = start "fails_later"
  recorded()
  print(reason_of(sup, function() fail(ask(sup, "handle", "a")) end))
  -- expect: shutdown: intensity
  print(recorded())                                 -- expect: start a, start a
  print(util.in_log "child a did not start: it has ended: error: no luck")  -- expect: true

  -- Restarts that are far enough apart do not count together.
  sup = start "short_period"
  local handle = ask(sup, "handle", "a")
  for _ = 1, 3 do
    fail(handle)
    handle = again(sup, "a", handle)
    skynet.sleep(2)  -- longer than the period
  end
  print(ask(sup, "count").restarts)                 -- expect: 3
  print(ask(sup, "stop"))                           -- expect: true
  recorded()

  -- Nested supervisors: start in order, stop in reverse, restart as a whole.
  sup = start "nested"
  print(recorded())                                 -- expect: start a, start x, start y, start b
  local inner = ask(sup, "handle", "inner")
  print(ask(inner, "count").running)                -- expect: 2
  local x = ask(inner, "handle", "x")
  fail(x)
  again(inner, "x", x)
  print(recorded(), ask(sup, "count").restarts)     -- expect: start x 0
  fail(ask(inner, "handle", "x"))                   -- its intensity is 1: it gives up
  local new = again(sup, "inner", inner)
  print(recorded(), ask(new, "count").running)      -- expect: stop y, start x, start y 2
  print(ask(sup, "stop"), recorded())               -- expect: true stop b, stop y, stop x, stop a
  print(util.try("call failed", start, "nested_wrong"))     -- expect: raises call failed
  print(util.in_log "child inner did not start: ")          -- expect: true
  print(recorded(), util.in_log "child x did not start: it has ended: error: no luck")
  -- expect: start a, start x, stop a true

  -- Significant children.
  sup = start "any_significant"
  recorded()
  print(reason_of(sup, function() fail(ask(sup, "handle", "s"), "normal") end))
  -- expect: shutdown: significant
  print(recorded())                                 -- expect: stop t, stop a
  sup = start "all_significant"
  recorded()
  fail(ask(sup, "handle", "s"), "normal")
  util.wait_for(function() return not ask(sup, "handle", "s") end)
  print(reason_of(sup, function() fail(ask(sup, "handle", "t"), "normal") end))
  -- expect: shutdown: significant

  -- A stop while a child hangs in its start does not wait for it.
  recorded()
  local failed
  skynet.fork(function()
    failed = util.try("call failed", start, "hangs")
  end)
  util.wait_for(function() return record[2] end)
  print(recorded())                                 -- expect: start a, start h
  skein.shutdown ".tree"
  util.wait_for(function() return failed end)
  print(failed, recorded())                         -- expect: raises call failed stop a
  print(util.in_log "child h did not start: the supervisor stops")  -- expect: true

  -- A module that is none, one without children, one whose settings are wrong.
  print(util.try("call failed", skynet.newservice, "skein_supervisor", "support.no_such"))
  -- expect: raises call failed
  print(util.try("call failed", start, "wrong"))    -- expect: raises call failed
  print(util.in_log 'strategy is "none"')           -- expect: true
  sup = skynet.newservice "skein_supervisor"
  print(ask(sup, "which"))                          -- expect: nil supervisor: it has not started
  print(select(2, ask(sup, "init", 1)):match "a table expected")  -- expect: a table expected
  print(ask(sup, "init", {}), #ask(sup, "which"))   -- expect: true 0
  print(reason_of(sup, skein.shutdown))             -- expect: shutdown

  -- Shutdown functions: the last one first, all of them, whatever fails; once.
  local peer = util.peer()
  util.eval(peer, [[
    local skein, main = require "skein", ...
    for i = 1, 3 do
      skein.on_shutdown(function(reason)
        skynet.call(main, "lua", "record", i .. " " .. reason)
        if i == 2 then error "in the middle" end
      end)
    end]], self)
  print(reason_of(peer, function()
    print(skein.shutdown(peer, "for now"), skein.shutdown(peer, "again"))
  end))
  -- expect: true true
  -- expect: shutdown: for now
  print(recorded())
  -- expect: 3 shutdown: for now, 2 shutdown: for now, 1 shutdown: for now
  print(util.in_log "a shutdown function failed: peer:5: in the middle")  -- expect: true
  print(util.try("function expected", skein.on_shutdown, 1))  -- expect: raises function expected
  print(util.task_count())                          -- expect: 0
end)
