-- killthread.lua -- killing a coroutine in each of its states: what is closed, told, forgotten.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local closed = {}
local function guard(name)
  return setmetatable({}, { __close = function() closed[#closed + 1] = name end })
end
local function taken()
  local text = table.concat(closed, " ")
  closed = {}
  return text
end

local HANDLER = {}
local threads = {}

function HANDLER.hang()
  threads.hang = coroutine.running()
  local g <close> = guard "hang"
  skynet.wait()
end

function HANDLER.answered()
  threads.answered = coroutine.running()
  local g <close> = guard "answered"
  skynet.retpack "early"
  skynet.wait()
end

function HANDLER.taken()
  threads.taken = coroutine.running()
  HANDLER.reply = skynet.response()
  skynet.wait()
end

skynet.dispatch("lua", function(_, _, name) HANDLER[name]() end)

-- In a coroutine of the main chunk the thread is what comes back, too.
local early = {}
coroutine.wrap(function()
  early.fork = skynet.fork(function() early.ran = true end)
  early.timeout = skynet.timeout(0, function() early.fired = true end)
end)()

util.run(function()
  print(type(early.fork), type(early.timeout))      -- expect: thread thread
  util.wait_for(function() return early.ran and early.fired end)
  local peer = util.peer()
  local function kill(thread) return util.show(skynet.killthread(thread)) == tostring(thread) end

  -- Forked and not started: it never runs.
  local co = skynet.fork(function() closed[1] = "ran" end)
  print(kill(co), coroutine.status(co))             -- expect: true suspended
  skynet.yield()
  print(taken() == "")                              -- expect: true

  -- Waiting, sleeping, yielding, calling, with a timer ahead.
  local function victim(name, f, ...)
    local args = table.pack(...)
    local thread = skynet.fork(function()
      local outer <close> = guard(name)
      local inner <close> = guard "inner"
      f(table.unpack(args, 1, args.n))
      closed[#closed + 1] = "went on"
    end)
    skynet.yield()
    return thread
  end
  local before = util.task_count()
  co = victim("wait", skynet.wait)
  print(kill(co), taken(), coroutine.status(co))    -- expect: true inner wait dead
  co = victim("token", skynet.wait, "token")
  print(kill(co), taken(), util.show(skynet.wakeup "token"))  -- expect: true inner token nothing
  co = victim("sleep", skynet.sleep, 2)
  print(kill(co), taken())                          -- expect: true inner sleep
  co = victim("named", skynet.sleep, 2, "named")
  print(kill(co), taken(), util.show(skynet.wakeup "named"))  -- expect: true inner named nothing
  co = victim("call", skynet.call, peer, "lua", "eval", "skynet.wait 'go' return 1")
  print(kill(co), taken())                          -- expect: true inner call
  co = skynet.timeout(2, function() closed[1] = "timer ran" end)
  print(kill(co))                                   -- expect: true
  print(util.task_count() - before)                 -- expect: 0
  co = skynet.fork(function()
    local g <close> = guard "yielding"
    while true do skynet.yield() end
  end)
  skynet.yield()
  print(kill(co), taken())                          -- expect: true yielding
  print(util.eval(peer, "return skynet.wakeup 'go'")) -- expect: true
  util.eval(peer, "return 1") -- the late answer has come before this one
  skynet.sleep(4)             -- the timers would have fired by now
  print(taken() == "", util.log():find("Unknown session", 1, true)) -- expect: true nil

  -- Woken, and killed before it runs.
  co = victim("woken", skynet.wait, "w")
  skynet.wakeup "w"
  print(kill(co), taken())                          -- expect: true inner woken
  skynet.yield()
  print(taken() == "")                              -- expect: true

  -- A request's handler.
  local box = {}
  local function ask(name)
    box[name] = nil
    skynet.fork(function()
      box[name] = util.try("call failed", skynet.call, skynet.self(), "lua", name)
    end)
    util.wait_for(function() return threads[name] end)
  end
  local function answer(name)
    util.wait_for(function() return box[name] end)
    return box[name]
  end
  ask "hang"
  print(kill(threads.hang), taken(), answer "hang") -- expect: true hang raises call failed
  ask "answered"
  print(kill(threads.answered), taken(), answer "answered") -- expect: true answered "early"
  ask "taken"
  print(kill(threads.taken), HANDLER.reply "TEST")  -- expect: true true
  print(HANDLER.reply(true, "kept"), answer "taken") -- expect: true "kept"

  -- What cannot be killed.
  print(util.show(skynet.killthread(coroutine.running()))) -- expect: nothing
  print(util.show(skynet.killthread(threads.hang)))        -- expect: nothing
  print(util.show(skynet.killthread(coroutine.create(print)))) -- expect: nothing
  for _, other in ipairs { 1, {}, "no thread has this text", true } do
    print(util.show(skynet.killthread(other)))
    -- expect: nothing
    -- expect: nothing
    -- expect: nothing
    -- expect: nothing
  end
  print(util.show(skynet.killthread(nil)))          -- expect: nothing

  -- By a part of its text.
  co = victim("text", skynet.wait)
  print(skynet.killthread((tostring(co):gsub("thread: ", ""))) == co, taken())
  -- expect: true inner text

  -- A coroutine that blocks inside others: the inner ones are closed first.
  co = skynet.fork(function()
    local a <close> = guard "1"
    coroutine.wrap(function()
      local b <close> = guard "2"
      coroutine.resume(coroutine.create(function()
        local c <close> = guard "3"
        skynet.wait()
      end))
    end)()
  end)
  skynet.yield()
  print(kill(co), taken())                          -- expect: true 3 2 1

  -- A __close that itself kills, wakes, forks and sends, but cannot block.
  co = victim("second", skynet.wait, "second")
  local first = skynet.fork(function()
    local g <close> = setmetatable({}, { __close = function()
      skynet.killthread(co)
      skynet.fork(function() closed[#closed + 1] = "forked" end)
      closed[#closed + 1] = util.try("outside a coroutine", skynet.sleep, 1)
    end })
    skynet.wait()
  end)
  skynet.yield()
  print(kill(first))                                -- expect: true
  skynet.yield()
  print(taken())         -- expect: inner second raises outside a coroutine forked

  -- Killed in a yield, and the service exits before the yield's message is back.
  local box = util.eval_later(peer, [[
    local thread = skynet.fork(skynet.yield)
    skynet.yield()
    skynet.killthread(thread)
    skynet.exit()
  ]])
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed
end)
