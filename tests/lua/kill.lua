-- kill.lua -- services that are killed or exit: their callers, their callees, their queue.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local function started(peer, name)
  util.wait_for(function() return util.eval(peer, "return " .. name) end, name)
end

util.run(function()
  -- Accepted but unanswered requests: each caller is told, whatever the handler waits for.
  local victim, other = util.peer(), util.peer()
  local waits = {
    "accepted = (accepted or 0) + 1 skynet.wait 'never'",
    "accepted = (accepted or 0) + 1 skynet.sleep(1e6)",
    "accepted = (accepted or 0) + 1 skynet.call(..., 'lua', 'eval', 'skynet.wait()')",
    "accepted = (accepted or 0) + 1 kept = skynet.response()",
    "accepted = (accepted or 0) + 1 skynet.fork(skynet.wait) skynet.wait()",
  }
  local boxes = {}
  for i, code in ipairs(waits) do
    boxes[i] = util.eval_later(victim, code, other)
  end
  util.wait_for(function() return util.eval(victim, "return accepted") == #waits end)
  skynet.kill(victim)
  for i, box in ipairs(boxes) do
    util.wait_for(function() return box.result end, "answer " .. i)
    print(box.result)
    -- expect: raises call failed
    -- expect: raises call failed
    -- expect: raises call failed
    -- expect: raises call failed
    -- expect: raises call failed
  end
  print(util.try("call to invalid address", skynet.call, victim, "lua", "eval", "return 1"))
  -- expect: raises call to invalid address
  print(util.show(skynet.send(victim, "lua", "eval", "return 1")))  -- expect: nothing

  -- What stands unhandled in the queue of a killed service is refused too.
  victim = util.peer()
  local busy = util.eval_later(victim, "while not stop do skynet.yield() end")
  for i = 1, 10 do
    boxes[i] = util.eval_later(victim, "skynet.wait()")
  end
  skynet.yield()
  skynet.kill(victim)
  local failed = 0
  for i = 1, 10 do
    util.wait_for(function() return boxes[i].result end)
    failed = failed + (boxes[i].result == "raises call failed" and 1 or 0)
  end
  util.wait_for(function() return busy.result end)
  print(failed, busy.result)                        -- expect: 10 raises call failed

  -- A killed caller: the callee's response closure knows, its handler goes on.
  local callee, caller = util.peer(), util.peer()
  skynet.send(caller, "lua", "eval", "skynet.call(..., 'lua', 'eval', 'kept = skynet.response()')",
    callee)
  started(callee, "kept ~= nil")
  print(util.eval(callee, "return kept 'TEST'"))    -- expect: true
  skynet.kill(caller)
  util.wait_for(function() return not util.eval(callee, "return kept 'TEST'") end)
  print(util.show(util.eval(callee, "return kept(true, 1)")))       -- expect: false
  print(util.eval(callee, "return 'lives'"))        -- expect: lives

  -- The answer to a dead caller is refused, and harms nobody.
  caller = util.peer()
  skynet.send(caller, "lua", "eval", [[skynet.call(..., "lua", "eval",
    "asked = true skynet.wait 'go' answered = tostring(skynet.retpack(1))")]], callee)
  started(callee, "asked")
  skynet.kill(caller)
  util.wait_for(function() return util.is_gone(caller) end)
  util.eval(callee, "skynet.wakeup 'go'")
  started(callee, "answered")
  print(util.eval(callee, "return answered"))       -- expect: false

  -- exit inside a handler: its own caller, all other open requests, response closures.
  victim = util.peer()
  for i, code in ipairs {
    "accepted = 1 skynet.wait()", "accepted = 2 kept = skynet.response()",
    [[accepted = 3
      local c <close> = setmetatable({}, { __close = function() skynet.error "closed at exit" end })
      skynet.wait()]] } do
    boxes[i] = util.eval_later(victim, code)
  end
  util.wait_for(function() return util.eval(victim, "return accepted") == 3 end)
  boxes[4] = util.eval_later(victim, "skynet.fork(print, 'never printed') skynet.exit()")
  for i = 1, 4 do
    util.wait_for(function() return boxes[i].result end)
    print(boxes[i].result)
    -- expect: raises call failed
    -- expect: raises call failed
    -- expect: raises call failed
    -- expect: raises call failed
  end
  print(util.in_log "closed at exit")               -- expect: true

  -- A local name goes with its service.
  victim = util.peer()
  util.eval(victim, "skynet.manager.register '.victim'")
  print(skynet.localname ".victim" == victim)       -- expect: true
  skynet.kill ".victim"
  util.wait_for(function() return util.is_gone(victim) end)
  print(util.show(skynet.localname ".victim"))      -- expect: nothing
  skynet.kill(":fffff0")
  skynet.kill(0xfffff0)

  -- term: this service's calls fail, the other goes on, its late answer is dropped.
  callee = util.peer()
  local box = util.eval_later(callee, "asked = true skynet.wait 'go' answered = true return 'late'")
  started(callee, "asked")
  skynet.term(callee)
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed
  util.eval(callee, "skynet.wakeup 'go'")
  started(callee, "answered")
  print(util.eval(callee, "return 'callable'"))     -- expect: callable
  print(util.log():find("Unknown session", 1, true), util.task_count())  -- expect: nil 0
end)
