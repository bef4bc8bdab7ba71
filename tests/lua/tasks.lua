-- tasks.lua -- skynet.task and uniqtask: keys, values, how sessions are shortened.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local function sleeper(token) skynet.wait(token) end

util.run(function()
  local peer = util.peer()
  local function start(from, to)
    local threads = {}
    for i = from, to do
      threads[#threads + 1] = skynet.fork(sleeper, i)
    end
    skynet.yield()
    return threads
  end

  -- One task: by count, in a table, by its session, by its thread.
  local thread = start(1, 1)[1]
  local session = skynet.task(thread)
  print(math.type(session), skynet.task())          -- expect: integer 1
  local tasks = {}
  print(util.show(skynet.task(tasks)))              -- expect: nothing
  local key = ("%s session: %d"):format(thread, session)
  print(next(tasks) == key, next(tasks, key))       -- expect: true nil
  print(tasks[key]:find "^stack traceback:\n" == 1, tasks[key]:find("tasks.lua:7:", 1, true) ~= nil)
  -- expect: true true
  print(skynet.task(session) == tasks[key])         -- expect: true
  print(skynet.task(0x7ffffff0))                    -- expect: No session
  print(util.show(skynet.task(coroutine.running()))) -- expect: nothing
  print(util.show(skynet.task(skynet.fork(function() end)))) -- expect: nothing
  print(util.show(skynet.task "init"))              -- expect: nil

  -- Grouped by where they wait: 9 sessions are shown, and dots from 11 on.
  local function group()
    local keys = {}
    for text, trace in pairs(skynet.uniqtask()) do
      if trace:find("tasks.lua:7:", 1, true) then
        keys[#keys + 1] = text
      end
    end
    assert(#keys == 1)
    local count, list, rest = keys[1]:match "^(%d+)\tsessions:%[([%d,]*)(%.*)%]\n$"
    local _, commas = list:gsub(",", "")
    return count, commas + 1, rest == "" and "no dots" or rest
  end
  print(skynet.uniqtask()[("1\tsessions:[%d]\n"):format(session)] == tasks[key]) -- expect: true
  print(group())                                    -- expect: 1 1 no dots
  for _, upto in ipairs { 2, 9, 10, 11, 30 } do
    start(skynet.task() + 1, upto)
    print(upto, group())
  end
  -- expect: 2 2 2 no dots
  -- expect: 9 9 9 no dots
  -- expect: 10 10 9 no dots
  -- expect: 11 11 9 ...
  -- expect: 30 30 9 ...

  -- Two places are two groups.
  util.eval_later(peer, "skynet.wait 'never'")
  skynet.yield()
  local groups = 0
  for _ in pairs(skynet.uniqtask()) do
    groups = groups + 1
  end
  print(groups, skynet.task())                      -- expect: 2 31

  -- A session that was given up is shown, and not counted.
  util.eval_later(peer, "skynet.wait 'late'")
  skynet.yield()
  skynet.term(peer)
  skynet.yield()
  print(skynet.task())                              -- expect: 30
  local broken = 0
  tasks = {}
  skynet.task(tasks)
  for text, trace in pairs(tasks) do
    broken = broken + ((text:find "^BREAK session: %d+$" and trace == "BREAK") and 1 or 0)
  end
  print(broken)                                     -- expect: 2
  util.eval(peer, "skynet.wakeup 'never' skynet.wakeup 'late'")
  util.wait_for(function()
    tasks = {}
    skynet.task(tasks)
    for text in pairs(tasks) do
      if text:find "^BREAK" then
        return false
      end
    end
    return true
  end, "the late answers")

  -- While the start function runs, "init" is where.
  local starting = skynet.newservice "support/starting_shows"
  print(skynet.call(starting, "lua"))               -- expect: true true
end)
