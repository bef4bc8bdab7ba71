-- term.lua -- calls given up, callers that die: late answers, response closures, calls by name.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local kept = {}
skynet.dispatch("lua", function(_, source, name)
  if name == "term" then
    skynet.term(source)
    kept.term = true
    skynet.retpack "after term"
  else
    kept[name] = skynet.response()
  end
end)

util.run(function()
  local me = skynet.self()
  local peer, other = util.peer(), util.peer()

  -- All calls to it fail, each once, when this coroutine waits; those to others go on.
  local first = util.eval_later(peer, "skynet.wait(1) return 1")
  local second = util.eval_later(peer, "skynet.wait(2) error 'late'")
  local not_meant = util.eval_later(other, "skynet.wait(1) return 'other'")
  local set_result = {}
  skynet.fork(function()
    for request, answer in skynet.request { peer, "lua", "eval", "skynet.wait(3)", tag = "peer" }
      { other, "lua", "eval", "return 1", tag = "other" }:select() do
      set_result[request.tag] = answer and answer[1] or tostring(answer)
    end
    set_result.done = true
  end)
  skynet.yield()
  skynet.term(peer)
  print(util.show(skynet.term(peer)), first.result, second.result) -- expect: nothing nil nil
  skynet.yield()
  print(first.result, second.result) -- expect: raises call failed raises call failed
  util.wait_for(function() return set_result.done end)
  print(set_result.peer, set_result.other)          -- expect: false 1

  -- It may be called again at once; the late answers harm nobody, and are no unknown ones.
  print(util.eval(peer, "for i = 1, 3 do skynet.wakeup(i) end return 'again'")) -- expect: again
  util.eval(other, "skynet.wakeup(1)")
  util.wait_for(function() return not_meant.result end)
  print(not_meant.result)                           -- expect: "other"
  util.wait_for(function()
    local tasks = {}
    skynet.task(tasks)
    return next(tasks) == nil
  end, "the late answers")
  print(util.log():find "Unknown session", util.task_count()) -- expect: nil 0

  -- A term during a dispatch: of the caller of this very request, which can still be answered.
  skynet.send(peer, "lua", "eval", "asked = skynet.call(..., 'lua', 'term')", me)
  util.wait_for(function() return kept.term end)
  util.wait_for(function() return util.eval(peer, "return asked") end)
  print(util.eval(peer, "return asked"))            -- expect: after term

  -- Its closures are dropped.
  local function keep(name, from)
    local code = ("return skynet.call(..., 'lua', %q)"):format(name)
    local box = util.eval_later(from, code, me)
    util.wait_for(function() return kept[name] end)
    return box
  end
  local box = keep("term 1", peer)
  print(kept["term 1"] "TEST")                      -- expect: true
  skynet.term(peer)
  print(kept["term 1"] "TEST", kept["term 1"](true)) -- expect: false false
  skynet.yield()
  print(box.result)                                 -- expect: raises call failed

  -- A caller that exits, and one that is killed, with calls open: "TEST" turns false.
  for _, how in ipairs { "exit", "kill" } do
    local caller = util.peer()
    keep(how, caller)
    local was_there = kept[how] "TEST"
    if how == "exit" then
      skynet.send(caller, "lua", "eval", "skynet.exit()")
    else
      skynet.kill(caller)
    end
    util.wait_for(function() return not kept[how] "TEST" end, how)
    print(was_there, kept[how](true, "too late"))
    -- expect: true false
    -- expect: true false
  end

  -- A call by name is failed, too.
  util.eval(peer, "skynet.manager.register '.named'")
  local named = {}
  skynet.fork(function()
    named.result = util.try("call failed", skynet.call, ".named", "lua", "eval", "skynet.wait 'n'")
  end)
  skynet.yield()
  skynet.term(skynet.localname ".named")
  util.wait_for(function() return named.result end)
  print(named.result)                               -- expect: raises call failed

  -- An error without a session says the same as term, from the service itself; twice is once.
  named.result = nil
  local count = 0
  skynet.fork(function()
    pcall(util.eval, peer, "skynet.wait 'x'")
    count = count + 1
    skynet.wait "on"
    count = count + 1
  end)
  skynet.yield()
  skynet.redirect(me, peer, "error", 0, "")
  skynet.redirect(me, peer, "error", 0, "")
  util.wait_for(function() return count > 0 end)
  skynet.yield()
  print(count, util.show(skynet.wakeup "on"))       -- expect: 1 true
end)
