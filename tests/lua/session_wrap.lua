-- session_wrap.lua -- after the last session number the first ones follow, but for those in use.
-- threads: 1 2 8
-- not-under: thread takes all the numbers, minutes there
-- not-under: valgrind takes all the numbers, minutes there
local skynet = require "skynet"
local core = require "skynet.core"
local sessions = require "sessions"
local util = require "support.util"
local print = util.print

local LAST = 0x7fffffff

util.run(function()
  local peer = util.peer()
  local results = {}
  local used = {}
  local function open(name, f, ...)
    local args = table.pack(...)
    local thread = skynet.fork(function()
      results[name] = util.show(f(table.unpack(args, 1, args.n)))
    end)
    skynet.yield()
    used[skynet.task(thread)] = name
  end
  -- Sessions in use: a call, a wait, a sleep, a timer, a set's request and its timer.
  open("call", skynet.call, peer, "lua", "eval", "skynet.wait(...) return ...", "call")
  open("wait", skynet.wait, "wait")
  open("sleep", skynet.sleep, 1e8, "sleep")
  local fired = false
  local timer = skynet.timeout(1e8, function() fired = true end)
  used[skynet.task(timer)] = "timer"
  local set_result
  skynet.fork(function()
    local set = skynet.request { peer, "lua", "eval", "skynet.wait 'set' return 'set'" }
    for _, answer in set:select(1e8) do
      set_result = answer[1]
    end
  end)
  skynet.yield()
  local tasks = {}
  skynet.task(tasks)
  for key in pairs(tasks) do
    local session = math.tointeger(key:match "session: (%d+)")
    used[session] = used[session] or "other"
  end
  local count, highest = 0, 0
  for session in pairs(used) do
    count = count + 1
    highest = math.max(highest, session)
  end
  print(count >= 5)                                 -- expect: true

  sessions.skip_to(LAST - 2)
  print(LAST - skynet.genid(), LAST - sessions.take())  -- expect: 1 0

  -- Each way to get a session, behind the wrap: none is in use, and few others are left out: the
  -- set's timer, and its iterator.
  local quiet = skynet.packstring("eval", "skynet.ignoreret()")
  local ways = {
    skynet.genid,
    sessions.take,
    core.genid,
    function() return math.tointeger(core.command("TIMEOUT", "100000000")) end,
    function() return core.send(peer, skynet.PTYPE_LUA, nil, quiet) end,
    function() return skynet.redirect(peer, 0, "lua", nil, quiet) end,
  }
  local last, way, clashes, skipped = 0, 0, 0, 0
  while last <= highest + #ways do
    way = way % #ways + 1
    local session = ways[way]()
    clashes = clashes + (used[session] and 1 or 0)
    skipped = skipped + session - last - 1
    last = session
  end
  print(clashes, skipped - count >= 0 and skipped - count <= 2) -- expect: 0 true

  -- What was open ends as it should.
  util.eval(peer, "skynet.wakeup 'call' skynet.wakeup 'set'")
  util.wait_for(function() return results.call and set_result end)
  print(results.call, set_result)                   -- expect: "call" set
  print(skynet.wakeup "wait", skynet.wakeup "sleep") -- expect: true true
  util.wait_for(function() return results.wait and results.sleep end)
  print(results.wait, results.sleep, fired)         -- expect: nothing "BREAK" false
  print(skynet.killthread(timer) == timer)          -- expect: true

  -- And new calls, sleeps and timers go on.
  for i = 1, 20 do
    skynet.timeout(0, function() fired = i end)
    assert(util.eval(peer, "return ...", i) == i)
    skynet.sleep(0.1)
  end
  print(fired, util.task_count())                   -- expect: 20 0
end)
