-- index_skynet.lua -- every name that the interface of skynet, skynet.coroutine and skynet.queue is
-- asked for, called once in the form in which programs use it. The details have tests of their own.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- expect: 74 names
local skynet = require "skynet"
local util = require "support.util"
local queue = require "skynet.queue"

require "skynet.manager"

local peer
local names = {}  -- in the order in which they run
local checks = {}
local rows = setmetatable({}, { __newindex = function(_, name, check)
  names[#names + 1] = name
  checks[name] = check
end })

local TYPES = { "TEXT", "RESPONSE", "MULTICAST", "CLIENT", "SYSTEM", "HARBOR", "SOCKET", "ERROR",
  "QUEUE", "DEBUG", "LUA", "SNAX", "TRACE" }
for number, name in ipairs(TYPES) do
  rows["skynet.PTYPE_" .. name] = function()
    assert(skynet["PTYPE_" .. name] == number - 1)
  end
end

local function is_nothing(...)
  assert(select("#", ...) == 0)
end

local function fails(text, f, ...)
  local shown = util.try(text, f, ...)
  assert(shown == "raises " .. text, shown)
end

local NOBODY = 0xfffff0

-- ---- protocols ----

rows["skynet.register_protocol"] = function()
  skynet.register_protocol { name = "shout", id = 100, pack = string.upper,
    unpack = skynet.tostring }
  fails("assertion failed", skynet.register_protocol, { name = "shout", id = 101 })
  fails("assertion failed", skynet.register_protocol, { name = "other", id = 100 })
end

rows["skynet.dispatch"] = function()
  local function f() end
  assert(skynet.dispatch("lua") == nil)
  assert(skynet.dispatch("lua", f) == nil)
  assert(skynet.dispatch("lua") == f and skynet.dispatch(skynet.PTYPE_LUA) == f)
  assert(skynet.dispatch("lua", function(_, _, ...) skynet.retpack(...) end) == f)
end

-- ---- services ----

rows["skynet.self"] = function()
  assert(math.type(skynet.self()) == "integer")
  assert(util.eval(peer, "return skynet.self()") == peer)
end

rows["skynet.localname"] = function()
  assert(skynet.localname ".logger" == 1)
  is_nothing(skynet.localname ".nobody")
  is_nothing(skynet.localname "logger")
end

rows["skynet.newservice"] = function()
  local handle = skynet.newservice "support/peer"
  assert(util.eval(handle, "return 1") == 1)
  skynet.send(handle, "lua", "eval", "skynet.exit()")
  fails("call failed", skynet.newservice, "no_such_service")
end

rows["skynet.uniqueservice"] = function()
  local handle = skynet.uniqueservice "support/peer"
  assert(skynet.uniqueservice "support/peer" == handle)
  assert(skynet.uniqueservice(true, "support/peer") ~= handle)
end

rows["skynet.queryservice"] = function()
  assert(skynet.queryservice "support/peer" == skynet.uniqueservice "support/peer")
  assert(skynet.queryservice(true, "support/peer") == skynet.uniqueservice(true, "support/peer"))
end

rows["skynet.exit"] = function()
  local handle = skynet.newservice "support/peer"
  fails("call failed", util.eval, handle, "skynet.exit()")
  fails("call to invalid address", util.eval, handle, "return 1")
end

-- ---- messages ----

rows["skynet.send"] = function()
  assert(skynet.send(peer, "lua", "eval", "sent = ...", 5) == 0)
  assert(util.eval(peer, "return sent") == 5)
  is_nothing(skynet.send(NOBODY, "lua"))
end

rows["skynet.rawsend"] = function()
  assert(skynet.rawsend(peer, "lua", skynet.packstring("eval", "sent = 6")) == 0)
  assert(skynet.rawsend(peer, "lua", skynet.pack("eval", "sent = sent + 1")) == 0)
  assert(util.eval(peer, "return sent") == 7)
end

rows["skynet.call"] = function()
  local a, b, c = skynet.call(peer, "lua", "eval", "return 1, nil, 'x'")
  assert(a == 1 and b == nil and c == "x")
  fails("call failed", skynet.call, peer, "lua", "eval", "error 'on purpose'")
  fails("call to invalid address", skynet.call, NOBODY, "lua")
  fails("Invalid service address 0", skynet.call, 0, "lua")
end

rows["skynet.rawcall"] = function()
  local msg, sz = skynet.rawcall(peer, "lua", skynet.pack("eval", "return 8"))
  assert(math.type(sz) == "integer" and skynet.unpack(msg, sz) == 8)
end

rows["skynet.ret"] = function()
  assert(util.eval(peer, "assert(skynet.ret(skynet.pack(9)) == true)") == 9)
  assert(util.eval(peer, "assert(skynet.ret() == true)") == nil)
  assert(util.eval(peer, "skynet.ret() again, why = pcall(skynet.ret)") == nil)
  assert(util.eval(peer, "return why"):find "No session")
end

rows["skynet.response"] = function()
  assert(util.eval(peer, [[
    local reply = skynet.response()
    assert(reply "TEST")
    skynet.fork(function(...) done = reply(true, ...) end, ...)
  ]], 10) == 10)
  assert(util.eval(peer, "return done") == true)
end

-- ---- coroutines ----

rows["skynet.fork"] = function()
  local got
  local thread = skynet.fork(function(...) got = table.pack(coroutine.running(), ...) end, 1, nil)
  assert(type(thread) == "thread" and coroutine.status(thread) == "suspended")
  skynet.yield()
  assert(got[1] == thread and got.n >= 3)
end

rows["skynet.yield"] = function()
  local order = {}
  skynet.fork(function() order[#order + 1] = "fork" end)
  is_nothing(skynet.yield())
  assert(order[1] == "fork")
end

rows["skynet.sleep"] = function()
  is_nothing(skynet.sleep(1))
  skynet.fork(function() skynet.wakeup "sleeper" end)
  assert(skynet.sleep(1000, "sleeper") == "BREAK")
end

rows["skynet.wait"] = function()
  local me = coroutine.running()
  skynet.fork(function() skynet.wakeup(me) end)
  skynet.wait()
  skynet.fork(function() skynet.wakeup "token" end)
  skynet.wait "token"
end

rows["skynet.wakeup"] = function()
  is_nothing(skynet.wakeup "nobody waits for this")
  local woken
  skynet.fork(function() skynet.wait "w" woken = true end)
  skynet.yield()
  assert(skynet.wakeup "w" == true and not woken)
  skynet.yield()
  assert(woken)
end

rows["skynet.killthread"] = function()
  local closed
  local thread = skynet.fork(function()
    local _ <close> = setmetatable({}, { __close = function() closed = true end })
    skynet.wait "never"
  end)
  skynet.yield()
  assert(skynet.killthread(thread) == thread and closed)
  is_nothing(skynet.killthread(thread))
end

-- ---- time ----

rows["skynet.timeout"] = function()
  local count = -1
  local thread = skynet.timeout(1, function(...) count = select("#", ...) end)
  assert(type(thread) == "thread")
  util.wait_for(function() return count == 0 end)
end

rows["skynet.now"] = function()
  local now = skynet.now()
  assert(math.type(now) == "integer" and now >= 0)
  skynet.sleep(2)
  assert(skynet.now() > now)
end

rows["skynet.starttime"] = function()
  assert(math.type(skynet.starttime()) == "integer")
  assert(math.abs(os.time() - skynet.starttime()) < 600)
end

rows["skynet.time"] = function()
  assert(math.type(skynet.time()) == "float")
  assert(math.abs(skynet.time() - skynet.starttime() - skynet.now() / 100) < 1)
end

-- ---- memory ----

rows["skynet.pack"] = function()
  local msg, sz = skynet.pack(1, "x")
  assert(type(msg) == "userdata" and sz == 4)
  skynet.trash(msg, sz)
end

rows["skynet.unpack"] = function()
  local msg, sz = skynet.pack(1, nil, { 2 })
  local a, b, c = skynet.unpack(msg, sz)
  assert(a == 1 and b == nil and c[1] == 2)
  skynet.trash(msg, sz)
  assert(skynet.unpack(skynet.packstring "s") == "s")
  is_nothing(skynet.unpack "")
end

rows["skynet.tostring"] = function()
  local msg, sz = skynet.pack("x")
  assert(skynet.tostring(msg, sz) == skynet.packstring "x")
  skynet.trash(msg, sz)
  is_nothing(skynet.tostring(nil))
end

rows["skynet.trash"] = function()
  skynet.trash(skynet.pack(1))
  is_nothing(skynet.trash "text")
  fails("skynet.trash invalid param table", skynet.trash, {})
end

rows["skynet.memlimit"] = function()
  local handle = skynet.newservice "support/peer"
  fails("call failed", util.eval, handle, [[
    skynet.memlimit(8 * 1024 * 1024)
    local t = {}
    for i = 1, 1e7 do t[i] = "text " .. i end
  ]])
  assert(util.eval(handle, "return 11") == 11)
  skynet.kill(handle)
end

-- ---- debugging ----

rows["skynet.trace"] = function()
  assert(util.eval(peer, "skynet.trace 'here' return skynet.tracetag()"):match "^:%x+%-%d+$")
end

rows["skynet.tracetag"] = function()
  assert(util.eval(peer, "return skynet.tracetag()") == nil)
end

rows["skynet.traceproto"] = function()
  local handle = skynet.newservice "support/peer"
  util.eval(handle, "skynet.traceproto('lua', true)")
  assert(util.eval(handle, "return skynet.tracetag()"))
  util.eval(handle, "skynet.traceproto('lua', false)")
  assert(util.eval(handle, "return skynet.tracetag()") == false)
  fails("assertion failed", skynet.traceproto, "no such protocol", true)
  skynet.kill(handle)
end

rows["skynet.trace_timeout"] = function()
  skynet.trace_timeout(true)
  local thread = skynet.timeout(1000, function() end)
  local tasks = {}
  skynet.task(tasks)
  skynet.trace_timeout(false)
  local found
  for _, text in pairs(tasks) do
    found = found or text:find "^TIMER %d+%+1000 : "
  end
  assert(found)
  skynet.killthread(thread)
end

rows["skynet.error"] = function()
  is_nothing(skynet.error("an entry", 1, nil, true))
  util.in_log "an entry 1 nil true"
end

rows["skynet.task"] = function()
  local before = skynet.task()
  local thread = skynet.fork(function() skynet.wait "task" end)
  skynet.yield()
  assert(skynet.task() == before + 1)
  local session = skynet.task(thread)
  assert(math.type(session) == "integer")
  assert(skynet.task(session):find "index_skynet.lua")
  assert(skynet.task(0x7ffffff0) == "No session")
  is_nothing(skynet.task({}))
  skynet.killthread(thread)
end

rows["skynet.uniqtask"] = function()
  local threads = {}
  for i = 1, 3 do
    threads[i] = skynet.fork(function() skynet.wait(i) end)
  end
  skynet.yield()
  local found
  for key in pairs(skynet.uniqtask()) do
    found = found or key:find "^3\tsessions:%[%d+,%d+,%d+%]\n$"
  end
  assert(found)
  for _, thread in ipairs(threads) do
    skynet.killthread(thread)
  end
end

-- ---- requests ----

rows["skynet.request"] = function()
  local set = skynet.request { peer, "lua", "eval", "return 12", tag = 1 }
    { NOBODY, "lua", tag = 2 }
  set:add { peer, "lua", "eval", "error 'on purpose'", tag = 3 }
  local got = {}
  for request, answer in set:select(1000) do
    got[request.tag] = answer == nil and "nobody" or answer and answer[1] or answer
  end
  assert(got[1] == 12 and got[2] == "nobody" and got[3] == false and set.timeout == nil)
end

-- ---- environment ----

rows["skynet.getenv"] = function()
  assert(skynet.getenv "start" == "index_skynet" or skynet.getenv "start")
  assert(skynet.getenv "no such key" == nil)
end

rows["skynet.setenv"] = function()
  is_nothing(skynet.setenv("index_key", 5))
  assert(skynet.getenv "index_key" == "5")
  fails("Can't setenv exist key : index_key", skynet.setenv, "index_key", 6)
end

-- ---- state ----

rows["skynet.endless"] = function()
  assert(skynet.endless() == false)
end

rows["skynet.mqlen"] = function()
  skynet.send(skynet.self(), "lua", "waits")
  assert(skynet.mqlen() >= 1)
end

rows["skynet.stat"] = function()
  assert(skynet.stat "message" > 0 and math.type(skynet.stat "message") == "integer")
  assert(math.type(skynet.stat "cpu") == "float" and skynet.stat "endless" == 0)
  assert(skynet.stat "no such figure" == 0)
end

-- ---- start ----

rows["skynet.start"] = function()
  local handle = skynet.newservice("support/starter", "slow")
  assert(skynet.call(handle, "lua", "up") == "up")
  fails("call failed", skynet.newservice, "support/starter", "start")
end

rows["skynet.init_service"] = function()
  local handle = skynet.newservice "support/custom_start"
  assert(skynet.call(handle, "lua") == "init start")
  skynet.kill(handle)
end

rows["skynet.init"] = function()
  fails("init", skynet.init, 5)
  fails("call failed", skynet.newservice, "support/starter", "init")
end

-- ---- redirection, errors, sessions ----

rows["skynet.redirect"] = function()
  local handle = skynet.newservice "support/peer"
  util.eval(handle, "other = ...", peer)
  -- The peer hands the request on; the answer comes from somebody else.
  local answer = util.eval(handle, [[
    local session, source = skynet.context()
    skynet.ignoreret()
    skynet.redirect(other, source, "lua", session, skynet.pack("eval", "return 13"))
  ]])
  assert(answer == 13)
  is_nothing(skynet.redirect(NOBODY, 0, "lua", 0, ""))
  skynet.kill(handle)
end

rows["skynet.term"] = function()
  local handle = skynet.newservice "support/peer"
  local box = util.eval_later(handle, "skynet.wait 'for ever'")
  skynet.yield()
  skynet.term(handle)
  util.wait_for(function() return box.result end)
  assert(box.result == "raises call failed")
  assert(util.eval(handle, "return 14") == 14)
  skynet.kill(handle)
end

rows["skynet.dispatch_unknown_request"] = function()
  local seen
  local previous = skynet.dispatch_unknown_request(function(session, source, msg, sz, prototype)
    seen = { session, source, skynet.tostring(msg, sz), prototype }
  end)
  skynet.redirect(skynet.self(), 0, "shout", 0, "text")
  util.wait_for(function() return seen end)
  assert(seen[1] == 0 and seen[2] == skynet.self() and seen[3] == "text" and seen[4] == "shout")
  skynet.dispatch_unknown_request(previous)
end

rows["skynet.dispatch_unknown_response"] = function()
  local seen
  local previous = skynet.dispatch_unknown_response(function(session, source, msg, sz)
    seen = { session, source, skynet.tostring(msg, sz) }
  end)
  skynet.redirect(skynet.self(), peer, "response", 0x7ffffff1, "late")
  util.wait_for(function() return seen end)
  assert(seen[1] == 0x7ffffff1 and seen[2] == peer and seen[3] == "late")
  skynet.dispatch_unknown_response(previous)
end

rows["skynet.genid"] = function()
  local a, b = skynet.genid(), skynet.genid()
  assert(math.type(a) == "integer" and b > a)
end

rows["skynet.context"] = function()
  local session, source = skynet.context()
  assert(session == nil and source == nil)
  local got, from = util.eval(peer, "return skynet.context()")
  assert(got > 0 and from == skynet.self())
end

rows["skynet.ignoreret"] = function()
  local box = util.eval_later(peer, "skynet.ignoreret() ignored = true")
  util.wait_for(function() return util.eval(peer, "return ignored") end)
  assert(box.result == nil)
end

rows["skynet.address"] = function()
  assert(skynet.address(10) == ":0000000a" and skynet.address ".x" == ".x")
end

rows["skynet.harbor"] = function()
  local id, is_remote = skynet.harbor(0x02000001)
  assert(id == 2 and is_remote == true)
  fails("number expected", skynet.harbor, {})
end

-- ---- skynet.coroutine, also as a field ----

rows["skynet.coroutine.create"] = function()
  assert(type(skynet.coroutine.create(function() end)) == "thread")
end

rows["skynet.coroutine.resume"] = function()
  local co = skynet.coroutine.create(function(a)
    skynet.yield()
    return skynet.coroutine.yield(a + 1)
  end)
  local ok, value = skynet.coroutine.resume(co, 1)
  assert(ok and value == 2)
  ok, value = skynet.coroutine.resume(co, "end")
  assert(ok and value == "end")
  ok = skynet.coroutine.resume(co)
  assert(not ok)
end

rows["skynet.coroutine.running"] = function()
  assert(skynet.coroutine.running() == coroutine.running())
end

rows["skynet.coroutine.status"] = function()
  local co = skynet.coroutine.create(function() skynet.coroutine.yield() end)
  assert(skynet.coroutine.status(co) == "suspended")
  skynet.coroutine.resume(co)
  skynet.coroutine.resume(co)
  assert(skynet.coroutine.status(co) == "dead")
  assert(skynet.coroutine == require "skynet.coroutine")
end

-- ---- skynet.queue ----

rows["queue.create"] = function()
  local q = queue.create()
  assert(q(function(...) return select("#", ...) end, nil, nil) == 2)
  assert(type(queue()) == "function")
end

rows["queue.push"] = function()
  local q = queue.create()
  assert(queue.push(q, "a") == 1 and q:push "b" == 2)
  assert(queue.pop(q) == "a" and q:pop() == "b")
  fails("value expected", queue.push, q, nil)
end

rows["queue.pop"] = function()
  local q = queue.create()
  local value, reason = queue.pop(q, 0)
  assert(value == nil and reason == "timeout")
  skynet.fork(function() q:push(false) end)
  assert(queue.pop(q) == false)
end

util.run(function()
  peer = util.peer()
  for _, name in ipairs(names) do
    local ok, err = xpcall(checks[name], debug.traceback)
    if not ok then
      print(name .. ": " .. err)
    end
  end
  print(#names .. " names")
end)
