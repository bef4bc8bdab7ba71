--- Supervisors: services that are started in order, restarted when they fail, stopped in reverse.
--
-- docs/supervision.md is the guide. A supervisor is an object of the service that calls start; that
-- service holds the leashes of the children, so they never outlive it. Whatever changes the
-- children runs in one critical section, one after the other.
local skynet = require "skynet"
local queue = require "skynet.queue"
local core = require "skein.link.core"
local link = require "skein.link"

local supervisor = {}

local START_TIMEOUT_S = 30
local SHUTDOWN_S = 5
local INTENSITY = 1
local PERIOD_S = 5
--- How long a killed child may take to be gone: it may be inside a long C function.
local SECONDS_MAX = 1e7  -- as good as for ever; a sleep of more ticks is refused
local KILL_WAIT_S = 5
local NESTED_SERVICE = "skein_supervisor"

-- ---- what start is given ----

local STRATEGIES = { one_for_one = true, one_for_all = true, rest_for_one = true }
local RESTARTS = { permanent = true, transient = true, temporary = true }
local AUTO_SHUTDOWNS = { never = true, any_significant = true, all_significant = true }
local SUPERVISOR_KEYS = { strategy = true, intensity = true, period = true, children = true,
  auto_shutdown = true }
local CHILD_KEYS = { id = true, start = true, supervisor = true, restart = true, shutdown = true,
  significant = true, name = true, start_timeout = true }

local function fail(fmt, ...)
  error({ supervisor_error = "supervisor: " .. fmt:format(...) }, 0)
end

local function show(v)
  return type(v) == "string" and ("%q"):format(v) or tostring(v)
end

local function check_keys(t, known, prefix)
  for key in pairs(t) do
    if not known[key] then
      fail("%sunknown setting %s", prefix, show(key))
    end
  end
end

local function check_choice(value, known, what)
  if not known[value] then
    local words = {}
    for word in pairs(known) do
      words[#words + 1] = word
    end
    table.sort(words)
    fail("%s is %s, not one of %s", what, show(value), table.concat(words, ", "))
  end
  return value
end

local function check_number(value, least, what)
  if math.type(value) == nil or value ~= value or value < least then
    fail("%s is %s, not a number from %s on", what, show(value), least)
  end
  return value
end

local function check_start(start, what)
  if type(start) == "function" then
    return start
  end
  if type(start) ~= "table" or type(start[1]) ~= "string" then
    fail("%s: start is { \"service\", arguments... } or a function", what)
  end
  for i = 2, #start do
    local kind = type(start[i])
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      fail("%s: argument %d of start is a %s, not a string, number or boolean", what, i - 1, kind)
    end
  end
  return start
end

--- Seconds, "kill" or "infinity".
local function check_shutdown(shutdown, is_supervisor, what)
  if shutdown == nil then
    return is_supervisor and "infinity" or SHUTDOWN_S
  end
  if shutdown == "kill" or shutdown == "infinity" then
    return shutdown
  end
  return check_number(shutdown, 0, what .. ": shutdown (seconds, \"kill\" or \"infinity\")")
end

local check_supervisor

local function check_child(spec)
  if type(spec) ~= "table" then
    fail("a child is a table, not %s", show(spec))
  end
  if type(spec.id) ~= "string" and math.type(spec.id) ~= "integer" then
    fail("the id of a child is a string or an integer, not %s", show(spec.id))
  end
  local what = "child " .. tostring(spec.id)
  check_keys(spec, CHILD_KEYS, what .. ": ")
  if (spec.start == nil) == (spec.supervisor == nil) then
    fail("%s: either start or supervisor is needed", what)
  end
  if spec.supervisor ~= nil then
    check_supervisor(spec.supervisor, true)
  end
  local name = spec.name
  if name ~= nil and (type(name) ~= "string" or not name:find "^%.[^%s]+$") then
    fail("%s: name is %s, not a name with a dot in front", what, show(name))
  end
  local restart = check_choice(spec.restart or "permanent", RESTARTS, what .. ": restart")
  if spec.significant and restart == "permanent" then
    fail("%s: a permanent child cannot be significant", what)
  end
  return {
    id = spec.id,
    start = spec.start and check_start(spec.start, what),
    nested = spec.supervisor,
    name = name,
    restart = restart,
    significant = spec.significant and true or false,
    shutdown = check_shutdown(spec.shutdown, spec.supervisor ~= nil, what),
    start_timeout = check_number(spec.start_timeout or START_TIMEOUT_S, 0,
      what .. ": start_timeout"),
    what = what,
    state = "stopped",
    restarts = 0,
    -- handle: while it runs or starts; reason: of the last end; token: waited on for its end
  }
end

--- The settings as an object. A nested one goes to another service: no functions in it.
function check_supervisor(spec, is_nested)
  if type(spec) ~= "table" then
    fail("a table expected, got %s", show(spec))
  end
  check_keys(spec, SUPERVISOR_KEYS, "")
  local children = spec.children or {}
  if type(children) ~= "table" then
    fail("children is %s, not a list", show(children))
  end
  local self = {
    strategy = check_choice(spec.strategy or "one_for_one", STRATEGIES, "strategy"),
    intensity = check_number(spec.intensity or INTENSITY, 0, "intensity"),
    period = check_number(spec.period or PERIOD_S, 0, "period"),
    auto_shutdown = check_choice(spec.auto_shutdown or "never", AUTO_SHUTDOWNS, "auto_shutdown"),
    children = {},  -- in the order of their start
    by_id = {},
    restart_times = {},
  }
  for i, child_spec in ipairs(children) do
    local child = check_child(child_spec)
    if self.by_id[child.id] then
      fail("two children have the id %s", show(child.id))
    elseif is_nested and type(child.start) == "function" then
      fail("%s: a function cannot start a child of a nested supervisor", child.what)
    end
    self.children[i], self.by_id[child.id] = child, child
  end
  return self
end

--- Calls f; a text of fail() becomes an error of the caller's caller.
local function checked(f, ...)
  local ok, result = pcall(f, ...)
  if ok then
    return result
  elseif type(result) == "table" and result.supervisor_error then
    error(result.supervisor_error, 3)
  end
  error(result, 0)
end

-- ---- waiting for a child ----

--- Waits until condition() holds; at most `seconds`. -> what it returned, or nil
local function await(token, condition, seconds)
  local last = seconds < SECONDS_MAX and skynet.now() + seconds * 100
  local value = condition()
  while not value do
    local left = last and last - skynet.now()
    if left and left <= 0 then
      return nil
    elseif left then
      skynet.sleep(left, token)
    else
      skynet.wait(token)
    end
    value = condition()
  end
  return value
end

local handle_exit

--- Watches the service as the child's, from now on.
local function adopt(self, child, handle)
  core.leash(handle)  -- may raise: not a service of this node
  child.handle = handle
  child.reason = nil
  child.state = "starting"
  child.token = {}
  link.monitor(handle, function(_, reason)
    if child.handle ~= handle then
      return
    end
    child.handle = nil
    child.reason = reason
    skynet.wakeup(child.token)
    if child.state == "running" then
      self.section(handle_exit, self, child)
    end
  end)
end

-- ---- starting ----

--- Runs f in a coroutine of its own, and waits for it. -> ok, results; nil, "timeout" | the end of
-- the child
local function run_limited(self, child, seconds, f)
  local result
  local token = child.token
  local thread = skynet.fork(function()
    result = table.pack(pcall(f))
    skynet.wakeup(token)
  end)
  local had_handle = child.handle
  await(token, function()
    return result or self.is_stopping or (had_handle and not child.handle)
  end, seconds)
  if result then
    return table.unpack(result, 1, result.n)
  end
  skynet.killthread(thread)
  if had_handle and not child.handle then
    return nil, child.reason
  end
  return nil, self.is_stopping and "the supervisor stops" or "timeout"
end

--- A child that a function starts is watched once the function has returned its address.
local function begin_by_function(self, child)
  child.token = {}
  local ok, handle = run_limited(self, child, child.start_timeout, child.start)
  if not ok then
    return nil, handle == "timeout" and
      ("start function takes longer than %g s"):format(child.start_timeout) or
      "start function failed: " .. tostring(handle)
  end
  if math.type(handle) ~= "integer" or handle == skynet.self() then
    return nil, "the start function returned " .. show(handle) .. ", not the handle of a service"
  end
  adopt(self, child, handle)
  -- One that is gone already is told of by the monitor, behind this message.
  skynet.yield()
  return child.handle, child.reason
end

local function init_nested(child, handle)
  if child.nested then
    assert(skynet.call(handle, "lua", "init", child.nested))
  end
end

--- A child that a name starts is watched before its code runs.
local function begin_by_name(self, child)
  local start = child.start or { NESTED_SERVICE }
  local ok, handle = pcall(skynet.call, ".launcher", "lua", "SPAWN", "snlua",
    table.unpack(start))
  if not ok then
    return nil, "the launcher cannot start it"
  end
  adopt(self, child, handle)
  local why
  ok, why = run_limited(self, child, child.start_timeout, function()
    local _, ready = pcall(skynet.call, ".launcher", "lua", "READY", handle)
    if ready == handle then
      init_nested(child, handle)
    else
      skynet.wait(child)  -- it has ended; the monitor tells why
    end
  end)
  if ok and child.handle then
    return handle
  elseif why == "timeout" then
    return nil, ("its start takes longer than %g s"):format(child.start_timeout)
  elseif child.reason then
    return nil, "it has ended: " .. child.reason
  end
  return nil, tostring(why)
end

local function wait_gone(child, seconds)
  return not child.handle or
    await(child.token, function() return not child.handle end, seconds)
end

local function kill_child(child)
  if not child.handle then
    return
  end
  link.kill(child.handle)
  if not wait_gone(child, KILL_WAIT_S) then
    skynet.error(("error: supervisor: %s does not end although it was killed; left alone")
      :format(child.what))
    child.handle = nil
    child.reason = "killed"
  end
end

--- -> true | nil, message
local function start_child(self, child)
  local begin = type(child.start) == "function" and begin_by_function or begin_by_name
  child.state, child.reason = "starting", nil
  local ok, handle, why = pcall(begin, self, child)
  if not ok then
    handle, why = nil, handle
  end
  if handle and child.name and not core.name(child.name, handle) then
    handle, why = nil, child.handle and ("the name %s is taken"):format(child.name) or child.reason
  end
  if handle and child.handle == handle then
    child.state = "running"
    return true
  end
  kill_child(child)
  child.state = "stopped"
  if child.reason == "normal" and child.restart ~= "permanent" then
    return true  -- it had nothing more to do
  end
  return nil, why or child.reason or "it is gone"
end

-- ---- stopping ----

local function stop_child(child)
  if child.state ~= "running" then
    return
  end
  child.state = "stopping"
  if child.shutdown ~= "kill" and child.handle then
    local seconds = child.shutdown == "infinity" and math.huge or child.shutdown
    core.shutdown(child.handle)
    if not wait_gone(child, seconds) then
      skynet.error(("error: supervisor: %s did not stop within %g s, and is killed")
        :format(child.what, seconds))
    end
  end
  kill_child(child)
  child.state = "stopped"
end

local function stop_children(self, first)
  for i = #self.children, first, -1 do
    stop_child(self.children[i])
  end
end

--- The end of the supervisor, in its critical section.
local function finish(self)
  if self.is_over then
    return
  end
  self.is_stopping = true
  stop_children(self, 1)
  self.is_over = true
end

--- The end of the service, for the supervisor's own reasons.
local function give_up(self, text)
  finish(self)
  link.exit("shutdown: " .. text)
end

-- ---- restarting ----

--- Notes a restart. False: there were too many.
local function may_restart(self)
  local now = skynet.now()
  local times = {}
  for _, time in ipairs(self.restart_times) do
    if now - time < self.period * 100 then
      times[#times + 1] = time
    end
  end
  times[#times + 1] = now
  self.restart_times = times
  return #times <= self.intensity
end

local function index_of(self, child)
  for i, other in ipairs(self.children) do
    if other == child then
      return i
    end
  end
end

local function forget(self, child)
  table.remove(self.children, index_of(self, child))
  self.by_id[child.id] = nil
end

--- What is to be started again after the child has ended, in order; the others of it are stopped.
local function prepare(self, child)
  if self.strategy == "one_for_one" then
    return { child }
  end
  local first = self.strategy == "one_for_all" and 1 or index_of(self, child)
  local list = {}
  for i = first, #self.children do
    local other = self.children[i]
    if other == child or other.state == "running" or other.is_due then
      list[#list + 1] = other
    end
  end
  stop_children(self, first)
  for i = #list, 1, -1 do
    list[i].is_due = true  -- also if another one fails first
    if list[i].restart == "temporary" then
      forget(self, list[i])
      table.remove(list, i)
    end
  end
  return list
end

--- Starts the children of the list. -> nil, or the one that failed
local function start_list(self, list)
  for _, child in ipairs(list) do
    if self.is_stopping then
      return nil
    end
    child.restarts = child.restarts + 1
    local ok, why = start_child(self, child)
    if not ok then
      skynet.error(("error: supervisor: %s did not start: %s"):format(child.what, why))
      return child
    end
    skynet.error(("supervisor: %s has been started again"):format(child.what))
    child.is_due = nil
  end
end

local function restart_from(self, child)
  while child and not self.is_stopping do
    if not may_restart(self) then
      skynet.error(("error: supervisor: more than %g restarts within %g s, the last one of %s")
        :format(self.intensity, self.period, child.what))
      give_up(self, "intensity")
    end
    child = start_list(self, prepare(self, child))
  end
end

local function is_abnormal(reason)
  return reason ~= "normal" and not reason:find "^shutdown"
end

--- A significant child has ended by itself for good.
local function check_significant(self, child)
  if not child.significant or self.auto_shutdown == "never" then
    return
  end
  if self.auto_shutdown == "all_significant" then
    for _, other in ipairs(self.children) do
      if other.significant and other.state ~= "stopped" then
        return
      end
    end
  end
  give_up(self, "significant")
end

--- A child that was running has ended by itself.
function handle_exit(self, child)
  if self.is_over or child.state ~= "running" or child.handle then
    return  -- it was stopped, or started again, meanwhile
  end
  child.state = "stopped"
  local failed = is_abnormal(child.reason)
  skynet.error(("%ssupervisor: %s has ended: %s"):format(failed and "error: " or "", child.what,
    child.reason))
  if child.restart == "permanent" or (child.restart == "transient" and failed) then
    restart_from(self, child)
    return
  end
  if child.restart == "temporary" then
    forget(self, child)
  end
  check_significant(self, child)
end

-- ---- the object ----

local methods = {}
local metatable = { __index = methods, __name = "supervisor" }

local function start_all(self)
  for _, child in ipairs(self.children) do
    local ok, why = start_child(self, child)
    if not ok then
      finish(self)
      return nil, ("supervisor: %s did not start: %s"):format(child.what, why)
    end
  end
  return true
end

--- Starts the children, one after the other. `spec`: strategy ("one_for_one", "one_for_all",
-- "rest_for_one"), intensity (restarts) within period (seconds), auto_shutdown ("never",
-- "any_significant", "all_significant"), children: a list of { id =, start = { "service", ... } |
-- function | supervisor = spec, restart = "permanent" | "transient" | "temporary", shutdown =
-- seconds | "kill" | "infinity", start_timeout = seconds, name = ".name", significant = bool }.
-- Yields. -> object, or nil and a message when a child does not start (the others are stopped then)
function supervisor.start(spec)
  local self = setmetatable(checked(check_supervisor, spec), metatable)
  self.section = queue()
  link.on_supervisor_shutdown(function()
    self:stop()
  end)
  local ok, why = self.section(start_all, self)
  if not ok then
    return nil, why
  end
  return self
end

--- Runs f(self, child) in the critical section. -> its results, or nil and a message
local function with_child(self, id, f)
  return self.section(function()
    local child = self.by_id[id]
    if self.is_over then
      return nil, "supervisor: it has stopped"
    elseif not child then
      return nil, "supervisor: no child " .. show(id)
    end
    return f(self, child)
  end)
end

--- Does not yield. -> the present handle of a child that runs, or nil
function methods:handle(id)
  local child = self.by_id[id]
  return child and child.state == "running" and child.handle or nil
end

--- Does not yield. -> list of { id, state ("running", "starting", "stopping", "stopped"), handle,
-- restart, restarts (how often), reason (of the last end), name }, in the order of the start
function methods:which()
  local list = {}
  for i, child in ipairs(self.children) do
    list[i] = {
      id = child.id,
      state = child.state,
      handle = child.handle,
      restart = child.restart,
      restarts = child.restarts,
      reason = child.reason,
      name = child.name,
    }
  end
  return list
end

--- Does not yield. -> { specs = children, running = those that run, restarts = of all together }
function methods:count()
  local result = { specs = #self.children, running = 0, restarts = 0 }
  for _, child in ipairs(self.children) do
    result.running = result.running + (child.state == "running" and 1 or 0)
    result.restarts = result.restarts + child.restarts
  end
  return result
end

--- Adds a child behind the others and starts it. Yields. -> handle, or nil and a message; then the
-- child is not added
function methods:start_child(spec)
  local child = checked(check_child, spec)
  return self.section(function()
    if self.is_over then
      return nil, "supervisor: it has stopped"
    elseif self.by_id[child.id] then
      return nil, ("supervisor: there is a child %s already"):format(show(child.id))
    end
    self.children[#self.children + 1], self.by_id[child.id] = child, child
    local ok, why = start_child(self, child)
    if not ok then
      forget(self, child)
      return nil, ("supervisor: %s did not start: %s"):format(child.what, why)
    end
    return child.handle
  end)
end

--- Stops a child, as at the end of the supervisor. It stays in the list; a temporary one does not.
-- Yields. -> true, or nil and a message
function methods:terminate(id)
  return with_child(self, id, function(_, child)
    stop_child(child)
    if child.restart == "temporary" then
      forget(self, child)
    end
    return true
  end)
end

--- Starts a child that is stopped; one that runs is stopped first. Does not count as a restart of
-- the intensity. Yields. -> handle, or nil and a message
function methods:restart(id)
  return with_child(self, id, function(_, child)
    stop_child(child)
    child.restarts = child.restarts + 1
    local ok, why = start_child(self, child)
    if not ok then
      return nil, ("supervisor: %s did not start: %s"):format(child.what, why)
    end
    return child.handle
  end)
end

--- Takes a child that is stopped out of the list. Yields. -> true, or nil and a message
function methods:delete(id)
  return with_child(self, id, function(_, child)
    if child.state ~= "stopped" then
      return nil, ("supervisor: %s is %s, not stopped"):format(child.what, child.state)
    end
    forget(self, child)
    return true
  end)
end

--- Stops all children in the reverse order of their start. The supervisor is over then; its service
-- goes on. Yields until the last one is gone. -> true
function methods:stop()
  self.is_stopping = true
  for _, child in ipairs(self.children) do
    if child.state == "starting" and child.token then
      skynet.wakeup(child.token)  -- nobody waits for its start any more
    end
  end
  self.section(finish, self)
  return true
end

return supervisor
