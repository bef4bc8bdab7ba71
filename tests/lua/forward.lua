-- forward.lua -- forward_type, filter and dispatch_message: messages that Lua code feeds itself.
-- threads: 1 2
-- expect-log: told you
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()

  -- A proxy passes requests and answers on without unpacking them.
  local proxy = skynet.newservice("support/forwarder", "proxy", peer)
  print(util.show(util.eval(proxy, "return ...", 1, nil, "x")))  -- expect: 1 nil "x"
  print(util.try("call failed", util.eval, proxy, "error 'told you'"))
  -- expect: raises call failed
  local all_equal = true
  for i = 1, 1000 do
    all_equal = all_equal and util.eval(proxy, "return ...", i) == i
  end
  print(all_equal)                                  -- expect: true

  -- What it does itself: plain calls, sleeps, yields, other types.
  print(skynet.call(proxy, "debug", "PING"))        -- expect:
  print(skynet.call(proxy, "debug", "CHECK", peer)) -- expect: slept called

  -- A filter sees each message, and may change it.
  local filter = skynet.newservice("support/forwarder", "filter")
  print(skynet.call(filter, "lua", "hello"))        -- expect: hello 10
  print(skynet.call(filter, "lua", "hello"))        -- expect: hello 10

  -- A timer's message that Lua code hands over by its session alone, and one that nobody awaits.
  local fired = {}
  local session = skynet.genid() + 1
  skynet.timeout(1e6, function() fired[#fired + 1] = "fed" end)
  skynet.dispatch_message(skynet.PTYPE_RESPONSE, "", 0, session, 0)
  print(table.concat(fired))                        -- expect: fed
  print(util.try("Unknown session : 123456 from a1", skynet.dispatch_message,
    skynet.PTYPE_RESPONSE, "what", 4, 123456, 0xa1))
  -- expect: raises Unknown session : 123456 from a1

  -- dispatch_message inside a handler: a whole dispatch, then the handler goes on.
  local trail = {}
  skynet.register_protocol {
    name = "text", id = skynet.PTYPE_TEXT, unpack = skynet.tostring,
    dispatch = function(session, source, text)
      trail[#trail + 1] = text .. source
      skynet.fork(function()
        skynet.yield()
        trail[#trail + 1] = "later " .. text
      end)
      if text == "bad" then
        error "told you"
      end
    end,
  }
  local me = coroutine.running()
  skynet.dispatch_message(skynet.PTYPE_TEXT, "good", 4, 0, 7)
  print(#trail, trail[1], coroutine.running() == me)  -- expect: 1 good7 true
  print(util.try("told you", skynet.dispatch_message, skynet.PTYPE_TEXT, "bad", 3, 0, 8))
  -- expect: raises told you
  util.wait_for(function() return #trail == 4 end)
  print(table.concat(trail, " "))                   -- expect: good7 bad8 later good later bad
  print(util.eval(peer, "return 'still here'"))     -- expect: still here

  -- One in the other, without end.
  local function again()
    skynet.dispatch_message(skynet.PTYPE_SYSTEM, "x", 1, 0, 1)
  end
  skynet.register_protocol {
    name = "system", id = skynet.PTYPE_SYSTEM, unpack = skynet.tostring, dispatch = again,
  }
  print(util.try("inside of each other", again))    -- expect: raises inside of each other
end)
