-- redirect.lua -- requests passed on in the name of the caller: who answers, who fails.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

--- Passes the request on: to `next`, with what is left of the chain.
local PASS = [[
  local next, code, rest = ...
  local session, source = skynet.context()
  skynet.ignoreret()
  passed = skynet.redirect(next, source, "lua", session, skynet.pack("eval", code, rest))
  passed_as = { session, source }]]

util.run(function()
  local me = skynet.self()
  local b, c, d = util.peer(), util.peer(), util.peer()
  local function via_c(code) return util.try("call failed", util.eval, b, PASS, c, code) end

  -- A -> B -> C: C answers A, which sees nothing of it.
  print(via_c "return 'from c'")                   -- expect: "from c"
  print(via_c "local _, source = skynet.context() return source" == tostring(me)) -- expect: true
  print(util.eval(b, "return passed == passed_as[1], passed_as[2] == ...", me)) -- expect: true true
  local session = util.eval(b, "return passed")
  print(math.type(session), util.eval(c, "return skynet.context()") > session)
  -- expect: integer true

  -- One more on the way: what C runs passes it on to D.
  local box = {}
  skynet.fork(function()
    box.result = util.show(skynet.call(b, "lua", "eval", PASS, c, [[
      local d = ...
      local session, source = skynet.context()
      skynet.ignoreret()
      skynet.redirect(d, source, "lua", session,
        skynet.pack("eval", "return 'from d', skynet.self()"))]], d))
  end)
  util.wait_for(function() return box.result end)
  print(box.result == util.show("from d", d))       -- expect: true

  -- The last one fails: by an error, by an exit, by being killed, by not being there.
  print(via_c "error 'on purpose'")                 -- expect: raises call failed
  print(via_c "skynet.exit()")                      -- expect: raises call failed
  print(util.is_gone(c))                            -- expect: true
  c = util.peer()
  box = util.eval_later(b, PASS, c, "waits = true skynet.wait 'never'")
  util.wait_for(function() return util.eval(c, "return waits") end)
  skynet.kill(c)
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed
  box = util.eval_later(b, PASS, c, "return 1")
  util.wait_for(function() return util.eval(b, "return passed == nil") end)
  print(box.result)                                 -- expect: nil

  -- Nobody has it now: the one in between can still refuse it.
  util.eval(b, [[skynet.redirect(passed_as[2], skynet.self(), "error", passed_as[1], "")]])
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed

  -- An answer in the name of another; a session of one's own; sent to nobody.
  c = util.peer()
  box = util.eval_later(c, "waits = { skynet.context() } skynet.ignoreret()")
  util.wait_for(function() return util.eval(c, "return waits") end)
  local waits = util.eval(c, "return waits")
  print(util.eval(b, "return skynet.redirect(...)", me, c, "response", waits[1],
    skynet.packstring "for somebody else") == waits[1]) -- expect: true
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: "for somebody else"
  local before = skynet.genid()
  print(skynet.redirect(c, 0, "lua", nil, skynet.packstring("eval", "skynet.ignoreret()")) - before)
  -- expect: 1
  print(util.show(skynet.redirect(0x00fffff0, 0, "lua", 1, "x"))) -- expect: nothing
  print(util.task_count())                          -- expect: 0
end)
