-- remotedebug.lua -- a service is stopped, looked at, stepped through, and goes on.
-- threads: 1 2
local skynet = require "skynet"
local socket = require "skynet.socket"
local debugchannel = require "skynet.debugchannel"
local util = require "support.util"
local print = util.print

--- A connection to oneself: the end to write to, and the end to read from.
local function pair()
  local accepted
  local listener, ip, port = socket.listen("127.0.0.1", 0)
  socket.start(listener, function(fd)
    accepted = fd
  end)
  local client = assert(socket.open(ip, port))
  util.wait_for(function() return accepted end, "accept")
  socket.start(accepted)
  socket.close(listener)
  return accepted, client
end

local output, input

--- Reads up to the text, which is a prompt; what came before it on one line.
local function until_prompt(prompt)
  local text = ""
  while text:sub(-#prompt) ~= prompt do
    text = text .. assert(socket.read(input, 1), "the connection is closed")
  end
  return (text:sub(1, -#prompt - 1):gsub("\t", "~"):gsub("\n", "|"))
end

local function attach(service)
  local session = { prompt = skynet.address(service) .. ">" }
  session.channel, session.id = debugchannel.create()
  skynet.fork(function()
    session.result = util.try("call failed", skynet.call, service, "debug", "REMOTEDEBUG", output,
      session.id)
  end)
  until_prompt(session.prompt)
  function session.type(line, prompt)
    session.channel:write(line)
    return until_prompt(prompt or session.prompt)
  end
  function session.wait()
    return util.wait_for(function() return session.result end, "the end of the session")
  end
  function session.finish(line)
    if line then
      session.channel:write(line)
    else
      session.channel:release()
    end
    return session.wait()
  end
  return session
end

local function ask(service, ...)
  local box = {}
  local args = table.pack(...)
  skynet.fork(function()
    box.result = util.try("call failed", skynet.call, service, "lua", table.unpack(args, 1, args.n))
  end)
  return box
end

local function result_of(box)
  return util.wait_for(function() return box.result end, "an answer")
end

local function test_lines(service)
  local s = attach(service)
  print(s.type "1 + 1")                             -- expect: 2~|
  print(s.type "1, nil, 'x'")                       -- expect: 1~nil~x~|
  print("[" .. s.type "y = 7" .. "]", s.type "y")   -- expect: [] 7~|
  print(s.type "print(y, print == nil) return 3")   -- expect: 7~false~|3~|
  print(s.type "for i = 1, 2 do print(i) end")      -- expect: 1~|2~|
  print(s.type "print()")                           -- expect: |
  print(s.type "-- nothing")                        -- expect:
  print(s.type "x = = 1")
  -- expect: (debug):1: unexpected symbol near '='~|
  print(s.type "error 'no'", s.type "error {}" ~= "")   -- expect: (debug):1: no~| true
  print(s.type "watch 'none'", s.type "watch 'response'")  -- expect: No none~| No dispatch~|
  print(s.type "function once() n = (n or 0) + 1 error 'once' end")  -- expect:
  print(s.type "once()", s.type "n")                -- expect: (debug):1: once~| 1~|
  print(s.type "setmetatable({}, { __tostring = function() error {} end })")
  -- expect: (error in __tostring)~|
  print(s.type "error(setmetatable({}, { __tostring = function() error 'bad' end }))")
  -- expect: (debug):1: bad~|
  -- A line may block, and be killed.
  s.channel:write "co = coroutine.running() require 'skynet'.wait 'for ever'"
  s.channel:write "'after the killed one'"
  skynet.send(service, "debug", "RUN", [[
    local skynet = require "skynet"
    while not co do
      skynet.sleep(1)
    end
    skynet.killthread(co)
  ]])
  print(until_prompt(s.prompt), until_prompt(s.prompt))   -- expect:  after the killed one~|
  print(s.type "require 'skynet'.sleep(1)")         -- expect:
  print(s.type "require 'skynet'.call(require 'skynet'.self(), 'lua', 'add', 0)")
  -- expect: 0~0~|
  print(s.finish "cont")                            -- expect: nothing
  print(skynet.call(service, "lua", "add", 1))      -- expect: 2 0
end

--- A stop at the first line of the handler, the names that are visible there, steps.
local function test_steps(service)
  local s = attach(service)
  local line = "debuggee.lua(%d)>"
  local function at(n)
    return line:format(n)
  end
  s.type("watch('lua', function(session, source, cmd) return cmd == 'add' end)")
  print(skynet.call(service, "lua", "sleep", 0))    -- expect: slept
  local box = ask(service, "add", 5)
  print(until_prompt(at(38)))                       -- expect:
  -- Only this one is stopped.
  print(skynet.call(service, "lua", "add", 1))      -- expect: 4 1
  print(s.type("name, ...", at(38)))                -- expect: add~5~|
  print(s.type("_CO == coroutine.running(), coroutine.status(_CO)", at(38)))
  -- expect: false~suspended~|
  print(s.type("#debug.traceback(_CO) > 10", at(38)))   -- expect: true~|
  print(s.type("s", at(14)))                        -- expect:
  print(s.type("n, before", at(14)))                -- expect: 5~nil~|
  print(s.type("n = 10", at(14)))                   -- expect:
  print(s.type("n", at(15)))                        -- expect:
  print(s.type("before, count", at(15)))            -- expect: 2~2~|
  print(s.type("count = 100", at(15)))              -- expect:
  s.type("n", at(16))
  print(s.type("s", at(9)))                        -- expect:
  print(s.type("n", at(10)))                        -- expect:
  print(s.type("doubled", at(10)))                  -- expect: 220~|
  print(s.type("doubled = 'swapped'", at(10)))      -- expect:
  print(s.type("n", at(17)))                        -- expect:
  print(s.type("result", at(17)))                   -- expect: swapped~|
  print(s.type "c")                                 -- expect:
  print(result_of(box))                             -- expect: "swapped" 2
  print(s.type "n")                                 -- expect: 1~|
  -- Stepping ends with the handler; the watch was for one message.
  s.type "watch 'lua'"
  box = ask(service, "add", 0)
  until_prompt(at(38))
  for _, n in ipairs { 14, 15, 16, 17, 18, 39 } do
    s.type(n == 14 and "s" or "n", at(n))
  end
  print(s.type "n", result_of(box))                 -- expect:  220 110
  print(result_of(ask(service, "add", 0)))          -- expect: 220 110
  print(s.finish "cont")                            -- expect: nothing
end

--- A step over a call that blocks, an error, a place where nothing can stop, a killed coroutine.
local function test_steps_that_end_otherwise(service)
  local s = attach(service)
  local first = "debuggee.lua(38)>"
  s.type "watch 'lua'"
  local box = ask(service, "sleep", 1)
  until_prompt(first)
  s.type("s", "debuggee.lua(21)>")
  s.type("n", "debuggee.lua(22)>")
  s.type "c"
  print(result_of(box))                             -- expect: "slept"
  s.type "watch 'lua'"
  box = ask(service, "fail")
  until_prompt(first)
  s.type("s", "debuggee.lua(26)>")
  print(s.type "n")                                 -- expect:
  print(result_of(box))                             -- expect: raises call failed
  s.type "watch 'lua'"
  box = ask(service, "sort", { 3, 1, 2 })
  until_prompt(first)
  s.type("s", "debuggee.lua(30)>")
  s.type("s", "debuggee.lua(32)>")
  s.type("s", "debuggee.lua(30)>")
  s.type("s", "debuggee.lua(33)>")  -- nothing can stop in the comparator
  s.type "c"
  print(type(result_of(box)))                       -- expect: string
  s.type "watch 'lua'"
  box = ask(service, "add", 1)
  until_prompt(first)
  s.type "require 'skynet'.killthread(_CO)"
  print(result_of(box))                             -- expect: raises call failed
  print(s.finish "cont")                            -- expect: nothing
end

--- The ways out: cont with a stopped coroutine, the other end gone, the service gone, a second one.
local function test_ends(service)
  local s = attach(service)
  print(util.try("call failed", skynet.call, service, "debug", "REMOTEDEBUG", output, s.id))
  -- expect: raises call failed
  s.type "watch 'lua'"
  local box = ask(service, "add", 0)
  until_prompt "debuggee.lua(38)>"
  print(s.finish "cont", result_of(box))            -- expect: nothing 220 110
  s = attach(service)
  s.type "watch 'lua'"
  print(s.finish(), skynet.call(service, "lua", "add", 0))   -- expect: nothing 220 110
  s = attach(service)
  skynet.send(service, "debug", "KILLTASK", "thread")
  print(s.wait())                                   -- expect: raises call failed
  s = attach(service)
  s.channel:write "require 'skynet'.wait 'for ever'"
  s.channel:write "1"
  print(s.finish())                                 -- expect: nothing
  s = attach(service)
  box = ask(service, "sleep", 1000)
  print(s.finish "require 'skynet'.exit()")         -- expect: raises call failed
  print(result_of(box))                             -- expect: raises call failed
  util.wait_for(function() return not s.channel:write "x" end, "the closed channel")
  print(s.channel:write "x")                        -- expect: nil closed
  local stopped = skynet.newservice "support/debuggee"
  s = attach(stopped)
  s.type "watch 'lua'"
  box = ask(stopped, "add", 0)
  until_prompt "debuggee.lua(38)>"
  skynet.manager.kill(stopped)
  print(s.wait(), result_of(box))
  -- expect: raises call failed raises call failed
  local loop = skynet.newservice "support/debuggee"
  s = attach(loop)
  s.channel:write "while true do end"
  skynet.manager.kill(loop)
  print(s.wait())                                   -- expect: raises call failed
end

util.run(function()
  skynet.manager = require "skynet.manager"
  output, input = pair()
  local service = skynet.newservice "support/debuggee"
  test_lines(service)
  test_steps(service)
  test_steps_that_end_otherwise(service)
  test_ends(service)
end)
