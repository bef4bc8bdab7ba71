-- Global names on a node on its own, handles of other nodes, and the module skynet.harbor.
-- threads: 1 2 8
-- expect: names: known by call, send and query
-- expect: a message to a name that is not registered yet waits, in order
-- expect: a name is registered once
-- expect: bad names are refused
-- expect: another node is down
-- expect: link and connect without links
-- expect: without a harbor service requests fail
-- expect-log: is registered already
-- expect-log: Can't connect to other harbor in single node mode
-- expect-log: Drop message to harbor 9 from
-- expect-log: Invalid global name a_name_of_sixteen
local skynet = require "skynet"
local harbor = require "skynet.harbor"
local util = require "support.util"
require "skynet.manager"

local function fails(text, f, ...)
  local shown = util.try(text, f, ...)
  assert(shown == "raises " .. text, shown)
end

local REMOTE = 9 << 24 | 5

local function names()
  local echo = util.peer()
  skynet.name("ECHO", echo)
  assert(harbor.queryname "ECHO" == echo)
  assert(util.eval("ECHO", "return ...", 7) == 7)
  assert(skynet.send("ECHO", "lua", "eval", "sent = ...", 1) == 0)
  assert(util.eval("ECHO", "return sent") == 1)
  harbor.globalname("ECHO_TOO", echo)
  assert(util.eval("ECHO_TOO", "return ...", 8) == 8)
  harbor.register("ECHO_THREE", skynet.address(echo))
  assert(util.eval("ECHO_THREE", "return ...", 9) == 9)
  assert(harbor.queryname ".launcher" == skynet.localname ".launcher")
  assert(harbor.queryname ".nobody" == nil)
  print "names: known by call, send and query"
  return echo
end

local function early()
  local got = {}
  skynet.register_protocol { name = "text", id = skynet.PTYPE_TEXT, pack = tostring,
    unpack = skynet.tostring, dispatch = function(_, _, text) got[#got + 1] = text end }
  local query, call
  skynet.fork(function() query = harbor.queryname "LATER" end)
  for i = 1, 20 do
    skynet.send("LATER", "text", i)
  end
  skynet.dispatch("lua", function(_, _, v) skynet.retpack(v) end)
  skynet.fork(function() call = skynet.call("LATER", "lua", "answer") end)
  skynet.yield()
  assert(not query and not call and #got == 0)
  skynet.register "LATER"
  util.wait_for(function() return query and call end)
  assert(query == skynet.self() and call == "answer")
  assert(#got == 20)
  for i = 1, 20 do
    assert(got[i] == tostring(i))
  end
  print "a message to a name that is not registered yet waits, in order"
end

local function once(echo)
  skynet.name("ECHO", skynet.self())
  assert(harbor.queryname "ECHO" == echo)
  assert(util.eval("ECHO", "return ...", "still") == "still")
  skynet.kill(echo)
  fails("call failed", skynet.call, "ECHO", "lua", "echo")
  print "a name is registered once"
end

local function bad_names()
  for _, name in ipairs { ":abc", "12345", "0x10", "a_name_of_sixteen" } do
    fails("assertion failed", skynet.register, name)
    fails("assertion failed", skynet.name, name, skynet.self())
  end
  fails("global name expected", harbor.register, ".local")
  fails("global name expected", harbor.register, 5)
  fails("call failed", skynet.call, "a_name_of_sixteen", "lua")
  fails("call failed", harbor.queryname, 5)
  print "bad names are refused"
end

local function remote()
  local id, is_remote = skynet.harbor(REMOTE)
  assert(id == 9 and is_remote)
  fails("call failed", skynet.call, REMOTE, "lua", "x")
  assert(skynet.send(REMOTE, "lua", "x") == 0)
  skynet.name("FAR", REMOTE)
  fails("call failed", skynet.call, "FAR", "lua", "x")
  for request, answer in skynet.request { REMOTE, "lua" } { "FAR", "lua" }:select() do
    assert(request and answer == false)
  end
  print "another node is down"
end

local function links()
  assert(select("#", harbor.link(9)) == 0)
  fails("call failed", harbor.linkmaster)
  local connected = false
  local thread = skynet.fork(function()
    harbor.connect(9)
    connected = true
  end)
  skynet.sleep(1)
  assert(not connected and skynet.killthread(thread) == thread)
  harbor.unlink(9)
  print "link and connect without links"
end

--- The last: nobody sends to a name again.
local function without_harbor()
  for _, service in ipairs(require "skein".services()) do
    if service.name:find "^harbor" then
      skynet.kill(service.handle)
    end
  end
  fails("call failed", skynet.call, "NOBODY", "lua")
  fails("call failed", skynet.call, REMOTE, "lua", ("x"):rep(1000))
  assert(skynet.send("NOBODY", "lua", ("x"):rep(1000)) == 0)
  print "without a harbor service requests fail"
end

util.run(function()
  local echo = names()
  early()
  once(echo)
  bad_names()
  remote()
  links()
  without_harbor()
end)
