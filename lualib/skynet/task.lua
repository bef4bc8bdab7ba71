--- skynet.task and skynet.uniqtask: what the coroutines of a service wait for.
local core = require "skynet.core"

local M = {}

local SESSIONS_SHOWN_MAX = 9

local BREAK = "BREAK"  -- shown for a session that nobody waits for any more

--- Where the task waits: in its innermost coroutine, and outward.
local function traceback(task)
  if task.kind == "given up" then
    return BREAK
  end
  local lines = {}
  for _, inner in ipairs(task.chain or {}) do
    lines[#lines + 1] = debug.traceback(inner, tostring(inner))
  end
  lines[#lines + 1] = (task.created or "") .. debug.traceback(task.thread)
  return table.concat(lines, "\n")
end

local function fill(t)
  for _, task in ipairs(core.tasks()) do
    if task.kind ~= "fork" then
      t[("%s session: %d"):format(tostring(task.thread or BREAK), task.session)] = traceback(task)
    end
  end
end

local function by_session(session)
  for _, task in ipairs(core.tasks()) do
    if task.session == session and task.kind ~= "fork" then
      return traceback(task)
    end
  end
  return "No session"
end

local function by_thread(thread)
  for _, task in ipairs(core.tasks()) do
    if task.thread == thread and task.kind ~= "fork" then
      return task.session
    end
  end
end

function M.task(arg)
  if arg == nil then
    return core.waiting()
  elseif type(arg) == "table" then
    return fill(arg)
  elseif arg == "init" then
    local thread = core.start_thread()
    return thread and debug.traceback(thread)
  elseif type(arg) == "thread" then
    return by_thread(arg)
  end
  return by_session(arg)
end

M.traceback = traceback

function M.uniqtask()
  local groups, order = {}, {}
  for _, task in ipairs(core.tasks()) do
    if task.kind ~= "fork" then
      local text = traceback(task)
      if not groups[text] then
        groups[text] = {}
        order[#order + 1] = text
      end
      table.insert(groups[text], task.session)
    end
  end
  local result = {}
  for _, text in ipairs(order) do
    local sessions = groups[text]
    local count = #sessions
    table.sort(sessions)
    local shown = table.concat(sessions, ",", 1, math.min(count, SESSIONS_SHOWN_MAX))
    if count > SESSIONS_SHOWN_MAX + 1 then
      shown = shown .. "..."
    end
    result[("%d\tsessions:[%s]\n"):format(count, shown)] = text
  end
  return result
end

return M
