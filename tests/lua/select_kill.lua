-- select_kill.lua -- a coroutine that is killed while it waits for the answers of a request set.
-- threads: 2
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  local set, step
  local function waiting(iterate)
    local co = skynet.fork(function()
      set = skynet.request { peer, "lua", "eval", "skynet.wait 'go' return 1" }
      iterate()
    end)
    skynet.yield()
    return co
  end

  -- In a for loop: the set is closed, the late answer dropped.
  local co = waiting(function() for _ in set:select() do end end)
  print(util.task_count())                          -- expect: 1
  print(skynet.killthread(co) == co, util.task_count()) -- expect: true 0
  print(util.eval(peer, "return skynet.wakeup 'go'"))   -- expect: true
  print(util.eval(peer, "return 'alive'"))          -- expect: alive

  -- By hand: another coroutine may go on with the set.
  co = waiting(function()
    step = set:select()
    step(set)
  end)
  print(skynet.killthread(co) == co, util.task_count()) -- expect: true 1
  collectgarbage()
  print(util.eval(peer, "return skynet.wakeup 'go'"))   -- expect: true
  local _, answer = step(set)
  print(answer[1], util.task_count())               -- expect: 1 0
end)
