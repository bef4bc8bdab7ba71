-- trace_switch.lua -- traceproto, tracelog, tracecall, and timers that know where they were made.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local core = require "skynet.core"
local util = require "support.util"
local print = util.print

local function tag_of(text) return text:match "^:%x%x%x%x%x%x%x%x%-%d+$" end

util.run(function()
  local me, peer = skynet.self(), util.peer()
  local function tags() return util.eval(peer, "return skynet.tracetag()") end
  -- One coroutine that is traced, and asks with its tag. Its results.
  local function with_tag(f, ...)
    local box, args = {}, table.pack(...)
    skynet.fork(function()
      skynet.trace()
      box.tag = skynet.tracetag()
      box.result = f(table.unpack(args, 1, args.n))
      box.done = true
    end)
    util.wait_for(function() return box.done end)
    return box
  end

  -- nil: who brings a tag is traced.
  local got = with_tag(tags)
  print(tags(), got.result == got.tag)              -- expect: nil true

  -- true: all are; who brings a tag keeps it.
  util.eval(peer, "skynet.traceproto('lua', true)")
  local own = tags()
  print(tag_of(own) ~= nil, own:sub(1, 9) == (":%08x"):format(peer)) -- expect: true true
  got = with_tag(tags)
  print(got.result == got.tag, tags() ~= own)       -- expect: true true
  print(util.in_log(("[:%08x] <TRACE %s> "):format(peer, own)))     -- expect: true
  local pattern = own:gsub("%-", "%%-") .. "> %d+ trace\n"
  util.wait_for(function() return util.log():find(pattern) end, pattern)

  -- false: nobody is. An incoming tag is used up, and trace() only says so.
  util.eval(peer, "skynet.traceproto('lua', false)")
  print(tags(), with_tag(tags).result)              -- expect: false false
  print(util.eval(peer, "skynet.trace 'refused' return skynet.tracetag()"))  -- expect: false
  print(util.in_log(("[:%08x] TRACE false\n"):format(peer)))        -- expect: true
  print(util.log():find("trace refused", 1, true))  -- expect: nil
  util.eval(peer, "skynet.traceproto('lua', nil)")
  print(tags())                                     -- expect: nil

  print(util.try("assertion failed", skynet.traceproto, "no such", true))
  -- expect: raises assertion failed
  print(util.show(skynet.traceproto("lua", nil)))   -- expect: nothing

  -- A tag is for the next request of its sender alone, and not for an answer.
  core.send(peer, skynet.PTYPE_TRACE, 0, ":00abcdef-1")
  skynet.redirect(peer, me, "response", 0x7ffffff0, "")
  skynet.redirect(peer, 0x00fffff0, "lua", 0, skynet.packstring("eval",
    "other = tostring(skynet.tracetag())"))
  print(tags(), util.eval(peer, "return other"))    -- expect: :00abcdef-1 nil
  print(tags())                                     -- expect: nil

  -- tracelog: a text, a text with positions from a level on, the same of another coroutine.
  print(util.show(skynet.tracelog("mine", "bare"))) -- expect: nothing
  local function inner()
    skynet.tracelog("mine", "here", 1)
    skynet.tracelog("mine", "above", 2)
    skynet.tracelog("mine", "nowhere", 200)
    return debug.getinfo(1, "l").currentline
  end
  local line = inner()
  local above = debug.getinfo(1, "l").currentline - 1
  local thread = coroutine.create(function() coroutine.yield() print "never" end)
  coroutine.resume(thread)
  skynet.tracelog("mine", "other", thread, 0)
  local defined = debug.getinfo(function() end, "S").linedefined - 3
  util.in_log "<TRACE mine>"
  local function logged(event)
    return util.wait_for(function()
      return util.log():match("<TRACE mine> %d+ (" .. event .. "[^\n]*)\n")
    end, event)
  end
  local source = "@" .. debug.getinfo(1, "S").source:sub(2)
  print(logged "bare")                              -- expect: bare
  local both = ("here : %s:%d %s:%d"):format(source, line - 3, source, above)
  print(logged "here":sub(1, #both) == both)
  local one = ("above : %s:%d"):format(source, above)
  print(logged "above":sub(1, #one) == one)
  print(logged "nowhere")
  print(logged "other" == ("other : %s:%d"):format(source, defined))
  -- expect: true
  -- expect: true
  -- expect: nowhere
  -- expect: true
  print(util.try("bad argument #1", skynet.tracelog, nil, "x")) -- expect: raises bad argument #1
  print(util.try("bad argument #2", skynet.tracelog, "x", {}))  -- expect: raises bad argument #2

  -- tracecall: the tag goes along, the own one stays; raw bytes come back.
  local asks = skynet.packstring("eval", "return skynet.tracetag()")
  got = with_tag(function()
    local seen = skynet.unpack(skynet.tracecall(":00abcdef-2", peer, "lua", asks))
    return seen .. (skynet.tracetag() == tags() and " own" or " lost")
  end)
  print(got.result)                                 -- expect: :00abcdef-2 own
  print(skynet.unpack(skynet.tracecall(":00abcdef-3", peer, "lua", asks)), skynet.tracetag())
  -- expect: :00abcdef-3 nil
  for _, event in ipairs { "tracecall begin", "tracecall end", "request", "response", "end" } do
    util.wait_for(function()
      return util.log():find("<TRACE :00abcdef%-3> %d+ " .. event .. "\n")
    end, event)
  end

  -- Timers, with and without the place where they were made.
  local function shown(timer)
    return skynet.task(skynet.task(timer))
  end
  local ran = 0
  local function callback() ran = ran + 1 end
  local plain = skynet.timeout(1e6, callback)
  print(util.show(skynet.trace_timeout(true)))      -- expect: nothing
  local early, late = skynet.timeout(1, callback), skynet.timeout(1e6, callback)
  print(shown(plain):find "TIMER")                  -- expect: nil
  local text = shown(late)
  print(text:find "^TIMER %d+%+1000000 : " ~= nil, text:find("trace_switch.lua:", 1, true) ~= nil)
  -- expect: true true
  skynet.trace_timeout(false)
  print(shown(skynet.timeout(1, callback)):find "TIMER") -- expect: nil
  util.wait_for(function() return ran == 2 end)
  print(coroutine.status(early))                    -- expect: dead
  skynet.trace_timeout(true)
  local sleeper = skynet.timeout(0, function() skynet.wait "awake" end)
  util.wait_for(function() return shown(sleeper):find "skynet.wait" end)
  print(shown(sleeper):find "TIMER")                -- expect: nil
end)
