-- debugchannel.lua -- line pipes between services, and hooks that stop a coroutine.
-- threads: 1 2
local skynet = require "skynet"
local debugchannel = require "skynet.debugchannel"
local util = require "support.util"
local print = util.print

local function test_pipe()
  local writer, id = debugchannel.create()
  print(math.type(id), writer:read())               -- expect: integer
  print(util.try("Invalid channel pointer", debugchannel.connect))
  -- expect: raises Invalid channel pointer
  print(util.try("Invalid channel pointer", debugchannel.connect, "x"))
  -- expect: raises Invalid channel pointer
  for _, wrong in ipairs { 0, -1, id + 1000, 1 << 40 } do
    print(util.try("new channel failed", debugchannel.connect, wrong))
  end
  -- expect: raises new channel failed
  -- expect: raises new channel failed
  -- expect: raises new channel failed
  -- expect: raises new channel failed
  print(writer:write "before anybody reads", writer:write "a\0b")   -- expect: true true
  local reader = debugchannel.connect(id)
  print(util.try("new channel failed", debugchannel.connect, id))
  -- expect: raises new channel failed
  print(reader:read(), #reader:read(0), reader:read())   -- expect: before anybody reads 3
  print(reader:closed(), writer:closed())           -- expect: false false
  writer:write "last"
  writer:release()
  writer:release()
  print(util.try("released", writer.write, writer, "x"))  -- expect: raises released
  print(reader:closed(), reader:read(), reader:closed(), reader:read())
  -- expect: false last true
  print(util.try("channel", reader.write, {}, "x"))  -- expect: raises channel
  debugchannel.release(reader)
end

--- A service that dies closes its ends; the reader is called.
local function test_death()
  local peer = util.peer()
  local id = util.eval(peer, [[
    channel, id = require "skynet.debugchannel".create()
    channel:write "one"
    return id
  ]])
  local reader = debugchannel.connect(id)
  local seen = {}
  reader:watch(function()
    skynet.yield()  -- it may block
    seen[#seen + 1] = reader:read() or (reader:closed() and "closed") or nil
  end)
  util.wait_for(function() return #seen == 1 end, "the line")
  util.eval(peer, "channel:write 'two'")
  util.wait_for(function() return #seen == 2 end, "the next line")
  skynet.kill(peer)
  util.wait_for(function() return seen[3] end, "the end")
  reader:watch(nil)
  print(table.concat(seen, " ", 1, 3))              -- expect: one two closed
  -- The collector closes an end, too.
  local other = util.peer()
  util.eval(other, "reader = require 'skynet.debugchannel'.connect(...)", (function()
    local writer
    writer, id = debugchannel.create()
    writer:write "from a lost writer"
    return id
  end)())
  collectgarbage()
  util.wait_for(function() return util.eval(other, "reader:read() return reader:closed()") end)
  skynet.kill(other)
end

local function test_hooks()
  local lines = {}
  local thread
  thread = skynet.fork(function()
    local co = coroutine.running()
    debugchannel.sethook(function(event, line, can_stop)
      lines[#lines + 1] = event .. (can_stop and "!" or "?")
      return true
    end, "l")
    local a = 1
    table.sort({ 2, 1 }, function(x, y)
      return x < y
    end)
    a = a + 1
    local inner = coroutine.wrap(function()
      lines[#lines + 1] = "inner"
    end)
    inner()
    debugchannel.sethook(co)
    lines[#lines + 1] = "end"
  end)
  skynet.yield()
  local stops = 0
  while lines[#lines] ~= "end" do
    stops = stops + 1
    assert(skynet.task(thread) and skynet.wakeup(thread))
    skynet.yield()
  end
  print(stops, table.concat(lines, " "))
  -- expect: 10 line! line! line! line! line? line! line! line! line! line! inner line! end
end

--- A hook on another coroutine; calls and returns cannot stop; an error in the hook is logged.
local function test_other_hooks()
  local events = {}
  local co = skynet.fork(function()
    skynet.wait "go"
    tostring(1)
    events[#events + 1] = "end"
  end)
  skynet.yield()
  debugchannel.sethook(co, function(event)
    events[#events + 1] = event
    return true
  end, "c")
  skynet.wakeup "go"
  skynet.yield()
  print(table.concat(events, " "))                  -- expect: call end
  co = skynet.fork(function()
    skynet.wait "go"
    local x = 1
    print("goes on", x)                             -- expect: goes on 1
  end)
  skynet.yield()
  debugchannel.sethook(co, function() error "in the hook" end, "l", 1)
  -- expect-log: error: in a debugger's hook:
  skynet.wakeup "go"
  skynet.yield()
  print(util.try("number expected", debugchannel.sethook, print, "l", "x"))
  -- expect: raises number expected
  print(util.try("out of range", debugchannel.sethook, print, "l", -1))
  -- expect: raises out of range
  print(util.try("function expected", debugchannel.sethook, 1, "l"))
  -- expect: raises function expected
  print(util.try("socket expected", debugchannel.send, 0, "x"))  -- expect: raises socket expected
  print(debugchannel.send(1 << 30, "x"))            -- expect: false
end

util.run(function()
  test_pipe()
  test_death()
  test_hooks()
  test_other_hooks()
end)
