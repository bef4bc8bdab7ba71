-- exit_states.lua -- exit from each kind of coroutine, while others block in each way.
-- threads: 1 2 8
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local BLOCKS = { "call", "queue", "response", "select", "sleep", "wait" }
local reports = {}

--- Lets a new service block in all ways, then ends it; what the callers and its variables say.
local function run(finish)
  reports = {}
  local service = skynet.newservice("support/exits", skynet.self())
  local failed = {}
  for _, name in ipairs(BLOCKS) do
    skynet.fork(function()
      if util.try("call failed", skynet.call, service, "lua", name) == "raises call failed" then
        failed[#failed + 1] = name
      end
    end)
  end
  -- Each request is under way when one that came later is answered, and the queue's is, too.
  skynet.yield()
  skynet.call(service, "debug", "PING")
  skynet.call(service, "debug", "PING")
  local result = finish(service)
  util.wait_for(function() return #failed == #BLOCKS and util.is_gone(service) end)
  skynet.call(skynet.self(), "debug", "PING")  -- what was sent before is here
  table.sort(reports)
  print(result, "|", #reports > 0 and table.concat(reports, ", ") or "none")
  assert(skynet.call(".launcher", "lua", "LIST")[skynet.address(service)] == nil)
  assert(util.task_count() == 0)
end

local function by(name)
  run(function(service)
    return util.try("call failed", skynet.call, service, "lua", name)
  end)
end

skynet.dispatch("lua", function(_, _, text)
  if text == "never answered" then
    skynet.response()
  else
    reports[#reports + 1] = text:gsub("^closed ", "")
  end
end)

util.run(function()
  by "exit"
  -- expect: raises call failed | call, exit, queue, response, select, sleep, wait
  by "pcall_exit"
  -- expect: raises call failed | call, pcall_exit, queue, response, select, sleep, wait
  by "fork_exit"
  -- expect: raises call failed | call, fork_exit, queue, response, select, sleep, wait
  by "timeout_exit"
  -- expect: raises call failed | call, queue, response, select, sleep, timeout_exit, wait
  by "queue_exit"
  -- expect: raises call failed | call, queue, queue_exit, response, select, sleep, wait
  by "coroutine_exit"
  -- expect: raises call failed | call, coroutine_exit, queue, response, select, sleep, wait
  run(function(service)
    return util.try("call failed", skynet.call, service, "debug", "EXIT")
  end)
  -- expect: raises call failed | call, queue, response, select, sleep, wait
  -- Killed: no Lua code runs any more, but the callers learn of it.
  run(function(service)
    skynet.kill(service)
    return "killed"
  end)
  -- expect: killed | none
end)
