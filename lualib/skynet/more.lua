--- The part of the module skynet that is off the message path, in Lua.
--
-- Called once with the module table, when a name is asked for that the C part does not have.
local skynet = ...
local core = require "skynet.core"

skynet.pcall = pcall

local ARGUMENT_TYPES = { string = true, number = true, boolean = true }

--- The arguments travel as words of a text: see the launcher.
local function check_arguments(...)
  for i = 1, select("#", ...) do
    local kind = type((select(i, ...)))
    if not ARGUMENT_TYPES[kind] then
      error(("bad argument #%d to 'newservice' (string, number or boolean expected, got %s)")
        :format(i, kind), 3)
    end
  end
end

function skynet.newservice(name, ...)
  check_arguments(name, ...)
  return skynet.call(".launcher", "lua", "LAUNCH", "snlua", name, ...)
end

function skynet.uniqueservice(global, ...)
  if global == true then
    return assert(skynet.call(".service", "lua", "GLAUNCH", ...))
  end
  return assert(skynet.call(".service", "lua", "LAUNCH", global, ...))
end

function skynet.queryservice(global, ...)
  if global == true then
    return assert(skynet.call(".service", "lua", "GQUERY", ...))
  end
  return assert(skynet.call(".service", "lua", "QUERY", global, ...))
end

function skynet.request(first)
  return require "skynet.request"(first)
end

function skynet.task(arg)
  return require "skynet.task".task(arg)
end

function skynet.uniqtask()
  return require "skynet.task".uniqtask()
end

-- ---- tracing ----

function skynet.trace(info)
  core.trace_start(info)
end

skynet.tracetag = core.trace_tag
skynet.tracelog = core.trace
skynet.trace_timeout = core.trace_timeout

function skynet.traceproto(typename, flag)
  local protocol = assert(skynet._proto[typename], "assertion failed! (unknown protocol)")
  protocol.trace = flag
end

local function end_tracecall(tag, own_tag, ok, ...)
  core.trace_set(own_tag)
  if not ok then
    error((...), 0)
  end
  core.trace(tag, "tracecall end")
  return ...
end

function skynet.tracecall(tag, addr, typename, msg, sz)
  core.trace(tag, "tracecall begin")
  core.send(addr, skynet.PTYPE_TRACE, 0, tag)
  local own_tag = core.trace_tag() or nil
  core.trace_set(nil)
  return end_tracecall(tag, own_tag, pcall(skynet.rawcall, addr, typename, msg, sz))
end

-- ---- messages from elsewhere ----

function skynet.dispatch_message(...)
  local _, err = core.feed(...)
  if err then
    error(err, 0)
  end
end

-- ----

-- Functions of skynet.manager work without it, too: the first use brings the module in.
for _, name in ipairs {
  "launch", "kill", "abort", "register", "name", "monitor", "forward_type", "filter",
} do
  if rawget(skynet, name) == nil then
    skynet[name] = function(...)
      require "skynet.manager"
      return skynet[name](...)
    end
  end
end

--- The constructor of skynet.queue.
function skynet.queue()
  return require "skynet.queue"()
end

skynet.cache = require "skynet.codecache"
skynet.coroutine = require "skynet.coroutine"
