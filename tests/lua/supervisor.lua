-- supervisor.lua -- skein.supervisor: order, strategies, restarts, intensity, every function.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local supervisor = require "skein.supervisor"
local util = require "support.util"
local print = util.print

local record = {}  -- what the children tell
local seen = {}    -- names that have started before

skynet.dispatch("lua", function(_, _, command, text)
  if command == "record" then
    record[#record + 1] = text
    skynet.retpack()
  else
    local is_again = seen[text]
    seen[text] = true
    skynet.retpack(is_again)
  end
end)

util.run(function()
  local self = skynet.self()

  --- The record, which then is empty.
  local function recorded()
    local text = table.concat(record, ", ")
    record = {}
    return text
  end

  local function child(id, more)
    local spec = { id = id, start = { "support/child", self, id, more and more.how or "" } }
    for key, value in pairs(more or {}) do
      if key ~= "how" then
        spec[key] = value
      end
    end
    return spec
  end

  local function children(...)
    local list = {}
    for i = 1, select("#", ...) do
      list[i] = child((select(i, ...)))
    end
    return list
  end

  --- Waits until the child has been started anew; its handle.
  local function again(sup, id, old)
    return util.wait_for(function()
      local handle = sup:handle(id)
      return handle ~= old and handle
    end, "a restart")
  end
  local function fail(sup, id, reason)
    local handle = sup:handle(id)
    skynet.send(handle, "lua", "exit", reason or "no luck")
    return handle
  end
  local function states(sup)
    local words = {}
    for _, c in ipairs(sup:which()) do
      words[#words + 1] = c.id .. ":" .. c.state
    end
    return table.concat(words, " ")
  end

  -- Start in order, stop in reverse; the handles.
  local sup = assert(supervisor.start { children = children("a", "b", "c") })
  print(recorded())                                 -- expect: start a, start b, start c
  print(states(sup))                                -- expect: a:running b:running c:running
  print(skynet.call(sup:handle "b", "lua", "ask"), sup:handle "x")  -- expect: b nil
  local a = sup:handle "a"
  print(sup:stop())                                 -- expect: true
  print(recorded())                                 -- expect: stop c, stop b, stop a
  print(util.is_gone(a), sup:handle "a", states(sup))
  -- expect: true nil a:stopped b:stopped c:stopped
  print(sup:stop(), recorded() == "")               -- expect: true true
  print(sup:restart "a")                            -- expect: nil supervisor: it has stopped
  print(sup:start_child(child "d"))                 -- expect: nil supervisor: it has stopped

  -- one_for_one.
  sup = assert(supervisor.start { children = children("a", "b", "c"), intensity = 100 })
  recorded()
  again(sup, "b", fail(sup, "b"))
  print(recorded())                                 -- expect: start b
  print(util.in_log "error: supervisor: child b has ended: error: no luck")  -- expect: true
  again(sup, "b", fail(sup, "b", "normal"))         -- permanent: for every reason
  local killed = sup:handle "a"
  skynet.kill(killed)
  again(sup, "a", killed)
  print(recorded())                                 -- expect: start b, start a
  local count = sup:count()
  print(count.specs, count.running, count.restarts) -- expect: 3 3 3
  local which = sup:which()[2]
  print(which.id, which.restart, which.restarts, which.handle == sup:handle "b", which.reason)
  -- expect: b permanent 2 true nil
  sup:stop()
  recorded()

  -- one_for_all.
  sup = assert(supervisor.start { strategy = "one_for_all", children = children("a", "b", "c"),
    intensity = 100 })
  recorded()
  again(sup, "c", (fail(sup, "b") and sup:handle "c"))
  print(recorded())
  -- expect: stop c, stop a, start a, start b, start c
  sup:stop()
  recorded()

  -- rest_for_one.
  sup = assert(supervisor.start { strategy = "rest_for_one", intensity = 100,
    children = children("a", "b", "c", "d") })
  recorded()
  again(sup, "d", (fail(sup, "b") and sup:handle "d"))
  print(recorded())
  -- expect: stop d, stop c, start b, start c, start d
  sup:stop()
  recorded()

  -- transient and temporary; one_for_all forgets a temporary one.
  sup = assert(supervisor.start { strategy = "one_for_all", intensity = 100, children = {
    child("t", { restart = "transient" }), child("u", { restart = "temporary" }), child "p",
    child("v", { restart = "temporary" }) } })
  recorded()
  fail(sup, "u")
  util.wait_for(function() return #sup:which() == 3 end)
  print(states(sup), recorded() == "")              -- expect: t:running p:running v:running true
  fail(sup, "t", "normal")
  util.wait_for(function() return sup:which()[1].state == "stopped" end)
  print(states(sup), sup:which()[1].reason)         -- expect: t:stopped p:running v:running normal
  again(sup, "p", fail(sup, "p"))
  print(recorded(), states(sup))                    -- expect: stop v, start p t:stopped p:running
  print(sup:restart "t" == sup:handle "t", recorded())  -- expect: true start t
  again(sup, "t", fail(sup, "t", "no luck"))
  util.wait_for(function() return states(sup) == "t:running p:running" end)
  print(recorded())                                 -- expect: stop p, start t, start p
  fail(sup, "t", "shutdown: enough")
  util.wait_for(function() return sup:which()[1].state == "stopped" end)
  print(sup:which()[1].reason)                      -- expect: shutdown: enough
  sup:stop()
  recorded()

  -- restart, terminate, delete, start_child.
  sup = assert(supervisor.start { children = children("a") })
  local before = sup:handle "a"
  print(sup:restart "a" ~= before, recorded())      -- expect: true start a, stop a, start a
  print(sup:delete "a")
  -- expect: nil supervisor: child a is running, not stopped
  print(sup:terminate "a", states(sup), recorded()) -- expect: true a:stopped stop a
  print(sup:terminate "a", sup:delete "a", #sup:which())  -- expect: true true 0
  for _, f in ipairs { "restart", "terminate", "delete" } do
    print(sup[f](sup, "a"))
    -- expect: nil supervisor: no child "a"
    -- expect: nil supervisor: no child "a"
    -- expect: nil supervisor: no child "a"
  end
  print(sup:start_child(child "n") == sup:handle "n")   -- expect: true
  print(sup:start_child(child "n"))
  -- expect: nil supervisor: there is a child "n" already
  print(sup:start_child(child("f", { how = "fails" })))
  -- expect: nil supervisor: child f did not start: it has ended: error: no luck
  print(states(sup))                                -- expect: n:running
  print(sup:start_child(child("w", { restart = "temporary" })) ~= nil, sup:terminate "w",
    states(sup))
  -- expect: true true n:running
  sup:stop()
  recorded()

  -- Names are registered anew.
  sup = assert(supervisor.start { children = { child("a", { name = ".the_a" }) } })
  local old = fail(sup, "a")
  print(again(sup, "a", old) == skynet.localname ".the_a", old ~= sup:handle "a")
  -- expect: true true
  print(sup:start_child(child("b", { name = ".the_a" })))
  -- expect: nil supervisor: child b did not start: the name .the_a is taken
  sup:stop()
  print(skynet.localname ".the_a")                  -- expect:
  recorded()

  -- A child that does not start: the others are stopped.
  print(supervisor.start { children = { child "a", child("f", { how = "fails" }), child "c" } })
  -- expect: nil supervisor: child f did not start: it has ended: error: no luck
  print(recorded())                                 -- expect: start a, start f, stop a
  print(supervisor.start { children = { child("e", { how = "ends" }) } })
  -- expect: nil supervisor: child e did not start: it has ended: normal
  sup = assert(supervisor.start { children = {
    child("e", { how = "ends", restart = "transient" }) } })
  print(states(sup))                                -- expect: e:stopped
  print(supervisor.start { children = { { id = "n", start = { "support/no_such" } } } } == nil)
  -- expect: true
  recorded()

  -- A start that hangs.
  print(supervisor.start { children = { child("h", { how = "hangs", start_timeout = 0.05 }) } })
  -- expect: nil supervisor: child h did not start: its start takes longer than 0.05 s
  recorded()

  -- One that does not stop is killed; "kill" does not ask; a plain one ends at once.
  sup = assert(supervisor.start { children = {
    child("l", { how = "lingers", shutdown = 0.05 }), child("k", { shutdown = "kill" }),
    child("p", { how = "plain" }) } })
  local l, k, p = sup:handle "l", sup:handle "k", sup:handle "p"
  recorded()
  sup:stop()
  print(recorded(), util.is_gone(l), util.is_gone(k), util.is_gone(p))
  -- expect: stop l true true true
  print(util.in_log "child l did not stop within 0.05 s, and is killed")    -- expect: true

  -- Functions as starts.
  sup = assert(supervisor.start { children = { { id = "f", start = function()
    return skynet.newservice("support/child", self, "f")
  end } } })
  again(sup, "f", fail(sup, "f"))
  print(recorded())                                 -- expect: start f, start f
  sup:stop()
  local function start_by(f, timeout)
    return supervisor.start { children = { { id = "f", start = f, start_timeout = timeout } } }
  end
  print(start_by(function() error("no way", 0) end))
  -- expect: nil supervisor: child f did not start: start function failed: no way
  print(select(2, start_by(function() end)):match "the start function returned nil, not the .*")
  -- expect: the start function returned nil, not the handle of a service
  print(select(2, start_by(function() return self end)):match "not the handle of a service")
  -- expect: not the handle of a service
  print(select(2, start_by(function() return "x" end)):match 'returned "x"')
  -- expect: returned "x"
  print(start_by(function() skynet.wait() end, 0.02))
  -- expect: nil supervisor: child f did not start: start function takes longer than 0.02 s
  print(start_by(function() return 0xfffff0 end))
  -- expect: nil supervisor: child f did not start: gone

  -- Settings that are none.
  local function wrong(expected, spec)
    local text = util.try("supervisor: " .. expected, supervisor.start, spec)
    assert(text == "raises supervisor: " .. expected, text)
  end
  local ok_start = { "support/child" }
  wrong("a table expected, got 1", 1)
  wrong('unknown setting "childs"', { childs = {} })
  wrong('strategy is "all", not one of one_for_all, one_for_one, rest_for_one',
    { strategy = "all" })
  wrong('intensity is "x", not a number from 0 on', { intensity = "x" })
  wrong("period is -1, not a number from 0 on", { period = -1 })
  wrong("children is 1, not a list", { children = 1 })
  wrong("a child is a table, not 1", { children = { 1 } })
  wrong("the id of a child is a string or an integer, not nil", { children = { {} } })
  wrong("child a: either start or supervisor is needed", { children = { { id = "a" } } })
  wrong("child a: start is { \"service\", arguments... } or a function",
    { children = { { id = "a", start = "x" } } })
  wrong("child a: argument 1 of start is a table",
    { children = { { id = "a", start = { "x", {} } } } })
  wrong("two children have the id 1", { children = { { id = 1, start = ok_start },
    { id = 1, start = ok_start } } })
  wrong('child a: restart is "often"', { children = { { id = "a", start = ok_start,
    restart = "often" } } })
  wrong("child a: shutdown", { children = { { id = "a", start = ok_start, shutdown = "soon" } } })
  wrong('child a: name is "a", not a name with a dot in front',
    { children = { { id = "a", start = ok_start, name = "a" } } })
  wrong("child a: a permanent child cannot be significant",
    { children = { { id = "a", start = ok_start, significant = true } } })
  wrong('child a: unknown setting "startt"', { children = { { id = "a", startt = 1 } } })
  wrong("child f: a function cannot start a child of a nested supervisor",
    { children = { { id = "n", supervisor = { children = { { id = "f", start = print } } } } } })
  wrong("intensity", { children = { { id = "n", supervisor = { intensity = -1 } } } })
  sup = assert(supervisor.start {})
  print(util.try("a child is a table", sup.start_child, sup, 1))
  -- expect: raises a child is a table
  print(#sup:which(), sup:stop())                   -- expect: 0 true
end)
