--- Monitors, links, exit reasons and shutdown functions. docs/supervision.md is the guide.
--
-- The functions here are those of the module skein; it loads this file when one is used. An address
-- is a handle or a local name (".name"). A reason is a text: "normal", "killed by :0000000a",
-- "error: TEXT", "memory", "shutdown", "shutdown: TEXT", or "gone" for a service that was not there
-- any more.
local skynet = require "skynet"
local core = require "skein.link.core"

local link = {}

local monitors = {}        -- ref -> function or true
local exit_handler         -- function of on_exit
local shutdown_hooks = {}  -- in the order of registration
local is_ending = false

local function check_function(f, who, what)
  if type(f) ~= "function" then
    error(("bad argument to '%s' (%s expected, got %s)"):format(who, what, type(f)), 3)
  end
end

--- Watches the service `addr`: when it has ended, f(addr, reason, ref) is called in a coroutine of
-- this service, or the function of on_exit without f. One notice a call, at once ("gone") if there
-- is no such service. Does not yield. -> ref, for demonitor
function link.monitor(addr, f)
  if f ~= nil then
    check_function(f, "monitor", "function or nil")
  end
  local ref = core.monitor(addr)
  monitors[ref] = f or true
  return ref
end

--- Takes a monitor back: its function will not be called any more. Does not yield.
-- -> true, or false when it has been called or taken back already
function link.demonitor(ref)
  local is_open = monitors[ref] ~= nil
  monitors[ref] = nil
  core.demonitor(ref)
  return is_open
end

--- Links this service and `addr`: when one ends for another reason than "normal", the other one is
-- ended with the same reason, unless it traps exits. If there is no such service this one is ended
-- ("gone"). Linking twice is linking once. Does not yield.
function link.link(addr)
  core.link(addr)
end

--- -> true, or false when they were not linked. Does not yield.
function link.unlink(addr)
  return core.unlink(addr)
end

--- With `on` true, linked services that end do not end this one: the function of on_exit gets
-- a notice, also for "normal". Does not yield. -> whether it was on
function link.trap_exit(on)
  if on == nil then
    return core.trap_exit()
  end
  return core.trap_exit(on)
end

--- f(addr, reason, ref) is called for each notice of a monitor without a function of its own, and
-- of a link (ref is nil); in a coroutine of its own. nil: nobody, notices are logged. Does not
-- yield. -> the function before
function link.on_exit(f)
  if f ~= nil then
    check_function(f, "on_exit", "function or nil")
  end
  local before = exit_handler
  exit_handler = f
  return before
end

--- Waits until the service has ended, at most `ticks` (1/100 s; nil: for ever). Yields.
-- -> reason, or nil and "timeout"
function link.wait_exit(addr, ticks)
  local token, reason = {}, nil
  local ref = link.monitor(addr, function(_, why)
    reason = why
    skynet.wakeup(token)
  end)
  if ticks then
    skynet.sleep(ticks, token)
  else
    skynet.wait(token)
  end
  if reason then
    return reason
  end
  link.demonitor(ref)
  return nil, "timeout"
end

--- Ends this service with a reason (see above; any other text is an error's). Does not return.
function link.exit(reason)
  if type(reason) ~= "string" then
    error(("bad argument to 'exit' (a reason as text expected, got %s)"):format(type(reason)), 2)
  end
  return core.exit(reason)
end

--- Ends another service at once, as skynet.kill does. Does not yield.
-- -> true, or false when there is no such service
function link.kill(addr)
  return core.kill(addr)
end

--- Asks another service to end: its shutdown functions run, then it ends with the reason "shutdown"
-- or "shutdown: TEXT". One that has none ends at once. Does not yield, nor wait: see wait_exit.
-- -> true, or false when there is no such service
function link.shutdown(addr, text)
  return core.shutdown(addr, text)
end

--- f(reason) is called when somebody asks this service to end: a supervisor, skein.shutdown, or the
-- node when it is stopped by a signal. It may yield. Of several functions the last one registered
-- runs first. When all have returned or failed the service ends. Does not yield.
function link.on_shutdown(f)
  check_function(f, "on_shutdown", "function")
  shutdown_hooks[#shutdown_hooks + 1] = f
  core.handle_shutdown(false)
end

--- The same for what a supervisor does; the node asks such services first.
function link.on_supervisor_shutdown(f)
  link.on_shutdown(f)
  core.handle_shutdown(true)
end

local function run_shutdown(reason)
  if is_ending then
    return
  end
  is_ending = true
  while #shutdown_hooks > 0 do
    local f = table.remove(shutdown_hooks)
    local ok, err = xpcall(f, debug.traceback, reason)
    if not ok then
      skynet.error("error: a shutdown function failed:", err)
    end
  end
  core.exit(reason)
end

local function run_exit(addr, reason, ref)
  local f = exit_handler
  if ref then
    local own = monitors[ref]
    monitors[ref] = nil
    if not own then
      return  -- taken back
    elseif own ~= true then
      f = own
    end
  end
  if f then
    f(addr, reason, ref)
  else
    skynet.error(("%s has ended: %s"):format(skynet.address(addr), reason))
  end
end

skynet.register_protocol {
  name = "skein.exit",
  id = core.PTYPE_EXIT,
  unpack = core.notice,
  dispatch = function(_, addr, what, reason, ref)
    if what == "shutdown" then
      run_shutdown(reason)
    elseif what == "link" then
      run_exit(addr, reason)
    else
      run_exit(addr, reason, ref)
    end
  end,
}

return link
