--- What a node is doing: the busiest services, who waits for whom, where a service is in its code.
local skynet = require "skynet"
local skein = require "skein"
local render = require "skein.console.render"
local waitgraph = require "skein.waitgraph"

local M = {}

-- A service that has not answered after so many ticks is called busy.
local BUSY_TICKS = 50
-- How long an interrupt may take to get to the next Lua instruction.
local INTERRUPT_SECONDS = 0.5

-- ---- top ----

local function by_handle(list)
  local map = {}
  for _, service in ipairs(list) do
    map[service.handle] = service
  end
  return map
end

local function is_busier(a, b)
  if a.spent ~= b.spent then
    return a.spent > b.spent
  elseif a.cpu ~= b.cpu then
    return a.cpu > b.cpu
  elseif a.memory ~= b.memory then
    return a.memory > b.memory
  end
  return a.handle < b.handle
end

--- The busiest services as text. Measures for so many seconds; blocks.
function M.top(count, seconds)
  local before = by_handle(skein.services())
  local start = skynet.hpc()
  skynet.sleep(seconds * 100)
  local elapsed = (skynet.hpc() - start) / 1e9
  local list = skein.services()
  for _, service in ipairs(list) do
    local old = before[service.handle]
    service.spent = service.cpu - (old and old.cpu or 0)
    service.handled = service.message - (old and old.message or 0)
  end
  table.sort(list, is_busier)
  local rows = { { "address", "cpu%", "cpu", "memory", "mailbox", "msg/s", "messages", "name" } }
  for i = 1, math.min(count, #list) do
    local service = list[i]
    rows[#rows + 1] = {
      skynet.address(service.handle),
      ("%.1f"):format(100 * service.spent / elapsed),
      ("%.2fs"):format(service.cpu),
      render.size(service.memory),
      tostring(service.mqlen),
      ("%.0f"):format(service.handled / elapsed),
      tostring(service.message),
      service.name,
    }
  end
  return render.columns(rows, { false, true, true, true, true, true, true })
end

-- ---- wait ----

--- Where in its own code a coroutine is: the first line of Lua code outside of the library.
local function place_of(stack)
  for place in stack:gmatch "\n%s+([^%s%[][^\n]-:%d+): in" do
    if not place:find "^skein/" then
      return place
    end
  end
  return "-"
end

local function add_calls(calls, caller, waits)
  for _, wait in ipairs(waits) do
    if wait.callee and (wait.kind == "call" or wait.kind == "request") then
      calls[#calls + 1] = {
        caller = caller,
        callee = wait.callee,
        since = wait.since,
        session = wait.session,
        place = place_of(wait.stack),
      }
    end
  end
end

--- Asks all Lua services: their calls, and those that do not answer. The calls of this service are
-- those it had before.
local function collect_calls(services, timeout)
  local calls, is_silent = {}, {}
  add_calls(calls, skynet.self(), skein.waits())
  local set <close> = skynet.request()
  local count = 0
  for _, service in ipairs(services) do
    if service.name:find "^snlua " and service.handle ~= skynet.self() then
      set:add { service.handle, "debug", "WAIT" }
      is_silent[service.handle] = true
      count = count + 1
    end
  end
  if count == 0 then
    return calls, is_silent
  end
  for request, answer in set:select(timeout) do
    is_silent[request[1]] = nil
    if answer then
      add_calls(calls, request[1], answer[1])
    end
  end
  return calls, is_silent
end

local function is_older(a, b)
  if (a.since or 0) ~= (b.since or 0) then
    return (a.since or 0) > (b.since or 0)
  elseif a.caller ~= b.caller then
    return a.caller < b.caller
  end
  return a.session < b.session
end

local function titles_of(services)
  local titles = {}
  for _, service in ipairs(services) do
    titles[service.handle] = ("%s %s"):format(skynet.address(service.handle),
      service.name:gsub("^snlua ", ""))
  end
  return setmetatable(titles, { __index = function(_, handle)
    return skynet.address(handle) .. " (gone)"
  end })
end

local function call_rows(calls, titles)
  local rows = { { "", "for", "caller", "", "callee", "session", "at" } }
  for _, call in ipairs(calls) do
    rows[#rows + 1] = {
      call.is_cyclic and "*" or "",
      call.since and render.age(call.since * 100) or "-",
      titles[call.caller],
      "->",
      titles[call.callee],
      tostring(call.session),
      call.place,
    }
  end
  return rows
end

--- All calls that wait for an answer, the oldest first; cycles of services that wait for each
-- other; services that are too busy to tell. Blocks, for at most `timeout` ticks.
function M.wait(timeout)
  local services = skein.services()
  local titles = titles_of(services)
  local calls, is_silent = collect_calls(services, timeout)
  local cycles = waitgraph.find_cycles(calls)
  table.sort(calls, is_older)
  local lines = {}
  if #calls > 0 then
    lines[1] = render.columns(call_rows(calls, titles), { false, true, false, false, false, true })
  else
    lines[1] = "No call waits for an answer\n"
  end
  for _, cycle in ipairs(cycles) do
    for i, handle in ipairs(cycle) do
      cycle[i] = titles[handle]
    end
    lines[#lines + 1] = "cycle\t" .. table.concat(cycle, " -> ") .. "\n"
  end
  local silent = {}
  for handle in pairs(is_silent) do
    silent[#silent + 1] = handle
  end
  table.sort(silent)
  for _, handle in ipairs(silent) do
    lines[#lines + 1] = ("busy\t%s has not answered\n"):format(titles[handle])
  end
  return table.concat(lines)
end

-- ---- stack ----

--- The stacks of the coroutines of an idle service, or that of the code a busy one is in. Blocks.
function M.stack(handle)
  local set <close> = skynet.request { handle, "debug", "TASK" }
  local next_answer = set:select(BUSY_TICKS)
  local request, answer = next_answer()
  if request and answer then
    return next(answer[1]) and answer[1] or "No coroutine waits for anything"
  elseif request then
    error(answer == nil and "There is no such service" or "It cannot tell", 0)
  end
  local stack = skein.deadline(INTERRUPT_SECONDS, skein.place, handle)
  if stack then
    return "It is in the middle of a message, at:\n" .. stack
  end
  error("It does not answer and is not in Lua code: it is in a C function, or waits its turn", 0)
end

return M
