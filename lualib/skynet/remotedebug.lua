--- The remote debugger: lines from a channel are run inside the service, messages can be stopped.
--
-- One debugger at a time. Its lines arrive through a skynet.debugchannel, before each message and
-- when one is written; what it prints goes to a socket. A line is run in a coroutine of its own,
-- so it may block, and the service goes on meanwhile.
--
--   waits for a message --(the watched one)--> stepping --(a line of code)--> stopped
--   stopped --(s, n)--> stepping; stopped --(c), stepping --(the handler ends)--> waits
local debugchannel = require "skynet.debugchannel"
local frame = require "skein.frame"

local M = {}

local STACK_DEPTH_MAX = 200000

-- The prefix of the sources of the library, and this file's own.
local OWN_SOURCE = debug.getinfo(1, "S").source
local LIBRARY = OWN_SOURCE:gsub("skynet/remotedebug%.lua$", "")

-- skynet, fd, channel, token (waited for by start), watched (see watch), is_busy (a line runs),
-- has_line, later (lines that wait for it);
-- stepping: { thread, mode = "into" | "over" | "go", depth, stop = nil or see new_stop }
local session

local function write(text)
  debugchannel.send(session.fd, text)
end

--- Each value, a tab behind each, and a newline.
local function print_values(...)
  local words = table.pack(...)
  for i = 1, words.n do
    words[i] = tostring(words[i]) .. "\t"
  end
  write(table.concat(words) .. "\n")
end

local function prompt()
  local stop = session.stepping and session.stepping.stop
  if stop then
    write(("%s(%d)>"):format(stop.file, stop.line))
  else
    write(session.skynet.address(session.skynet.self()) .. ">")
  end
end

-- ---- stepping ----

local function starts_with(text, prefix)
  return text:sub(1, #prefix) == prefix
end

--- Number of functions on the stack below the one that asks.
local function stack_depth()
  local depth = 2
  while depth < STACK_DEPTH_MAX and debug.getinfo(depth + 1, "l") do
    depth = depth + 1
  end
  return depth
end

--- What is remembered of the line at which a coroutine stops. The names of its locals are read
-- now: once it is suspended, Lua counts one instruction too few and misses the newest.
local function new_stop(thread, line, info)
  local locals = frame.read_locals(function(i)
    local name, value = debug.getlocal(5, i)
    return name, value
  end)
  return {
    co = thread,
    line = line,
    file = info.short_src:match "[^/]*$",
    f = info.func,
    index = locals.index,
  }
end

--- Whether a stepping coroutine passes the line by.
local function skips(stepping, info, depth)
  if info.source == OWN_SOURCE or stepping.mode == "go" then
    return true
  end
  if stepping.mode == "over" then
    return depth > stepping.depth or starts_with(info.source, LIBRARY)
  end
  return false
end

--- The hook: true stops the coroutine.
local function on_line(_, line, can_stop)
  local stepping = session and session.stepping
  local thread = coroutine.running()
  if not (stepping and stepping.thread == thread and can_stop) then
    return false
  end
  if stepping.stop then  -- somebody else has woken it
    stepping.stop = nil
  end
  local info = debug.getinfo(2, "Sf")
  local depth = stack_depth()
  if skips(stepping, info, depth) then
    return false
  end
  stepping.stop = new_stop(thread, line, info)
  stepping.stop.depth = depth
  prompt()
  return true
end

--- The handler has ended, with or without an error, or was killed.
local function end_stepping(own, stepping)
  debugchannel.sethook(stepping.thread)
  if session ~= own or own.stepping ~= stepping then
    return
  end
  own.stepping = nil
  if stepping.mode ~= "go" and not own.is_busy then
    prompt()
  end
end

local function step_through(own, dispatch, ...)
  local thread = coroutine.running()
  local stepping = { thread = thread, mode = "into" }
  own.stepping = stepping
  local _ <close> = setmetatable({}, { __close = function() end_stepping(own, stepping) end })
  debugchannel.sethook(thread, on_line, "l")
  dispatch(...)
end

--- Lets a stopped coroutine go on.
local function continue(mode)
  local stepping = session.stepping
  stepping.mode, stepping.depth = mode, stepping.stop.depth
  stepping.stop = nil
  if mode == "go" then
    debugchannel.sethook(stepping.thread)
    session.stepping = nil
    prompt()
  end
  session.skynet.wakeup(stepping.thread)
end

-- ---- watching ----

local function unwatch()
  local watched = session.watched
  session.watched = nil
  if watched and watched.protocol.dispatch == watched.wrapper then
    watched.protocol.dispatch = watched.dispatch
  end
end

local function is_wanted(cond, ...)
  if not cond then
    return true
  end
  local ok, result = pcall(cond, ...)
  if not ok then
    print_values(result)
  end
  return ok and result
end

--- watch(typename [, cond]): the next message for which cond(session, source, ...) is true stops at
-- the first line of its handler. A new watch replaces the last one.
local function watch(typename, cond)
  local own = session
  local protocol = own.skynet._proto[typename]
  if not protocol then
    return print_values("No " .. tostring(typename))
  end
  unwatch()
  local dispatch = protocol.dispatch
  if not dispatch then
    return print_values "No dispatch"
  end
  local function wrapper(...)
    local is_free = session == own and not own.stepping
    local is_watched = is_free and own.watched and own.watched.wrapper == wrapper
    if not (is_watched and is_wanted(cond, ...)) then
      return dispatch(...)
    end
    unwatch()
    step_through(own, dispatch, ...)
  end
  own.watched = { protocol = protocol, dispatch = dispatch, wrapper = wrapper }
  protocol.dispatch = wrapper
end

-- ---- lines ----

--- Ends the debugging: everything that stopped goes on, and start returns.
local function leave()
  local own = session
  unwatch()
  local stepping = own.stepping
  if stepping then
    stepping.mode = "go"
    debugchannel.sethook(stepping.thread)
    if stepping.stop then
      own.skynet.wakeup(stepping.thread)
    end
  end
  session = nil
  own.channel:release()
  own.skynet.error "Leave debug mode"
  own.skynet.wakeup(own.token)
end

--- As an expression when it compiles as one, else as statements.
local function as_chunk(line)
  local expression = "return " .. line
  if load(expression, "=(debug)", "t") then
    return expression
  end
  return line
end

local function run_in_service(source)
  local names = { print = print_values, watch = watch }
  local env = setmetatable({}, {
    __index = function(_, name)
      local value = names[name]
      if value == nil then
        value = _G[name]
      end
      return value
    end,
    __newindex = _G,
  })
  local chunk, err = load(source, "=(debug)", "t", env)
  if not chunk then
    return false, err
  end
  return pcall(chunk)
end

local function run_in_frame(source, stop)
  local co = stop.co
  local function is_same()
    local info = coroutine.status(co) ~= "dead" and debug.getinfo(co, 0, "f")
    return info and info.func == stop.f
  end
  if not is_same() then
    return false, "the coroutine has gone on"
  end
  local locals = frame.read_locals(function(i)
    return debug.getlocal(co, 0, i)
  end)
  locals.index = stop.index
  for _, i in pairs(stop.index) do
    locals.value[i] = select(2, debug.getlocal(co, 0, i))
  end
  return frame.write_back(locals, is_same, function(i, value)
    debug.setlocal(co, 0, i, value)
  end, frame.run(source, stop.f, locals, { print = print_values, watch = watch, _CO = co }))
end

local function print_results(own, ok, ...)
  if session ~= own then
    return  -- it was left meanwhile
  end
  local is_shown, err = true, nil
  if not ok then
    is_shown, err = pcall(print_values, (...))
  elseif select("#", ...) > 0 then
    is_shown, err = pcall(print_values, ...)
  end
  if not is_shown then
    print_values(type(err) == "string" and err or "(error in __tostring)")
  end
end

local STEPS = { s = "into", n = "over", c = "go" }

local function handle(line)
  local own = session
  local word = line:match "^%s*(.-)%s*$"
  local stop = own.stepping and own.stepping.stop
  if word == "cont" then
    leave()
  elseif stop and STEPS[word] then
    continue(STEPS[word])
  else
    local source = as_chunk(line)
    if stop then
      print_results(own, run_in_frame(source, stop))
    else
      print_results(own, run_in_service(source))
    end
    if session == own then
      prompt()
    end
  end
end

local function next_line(own)
  return table.remove(own.later, 1) or own.channel:read()
end

--- While a line blocks, the others wait for it; but not for ever when nobody is there any more.
local function put_aside(own)
  for line in own.channel.read, own.channel do
    table.insert(own.later, line)
  end
  if own.channel:closed() then
    leave()
  end
end

local on_lines

--- The coroutine that runs lines has ended. If a line was killed, the next ones have their turn.
local function end_lines(own)
  own.is_busy = false
  if own.has_line and session == own then
    own.has_line = false
    prompt()
    own.skynet.fork(on_lines)
  end
end

--- There are lines, or there will be none any more.
function on_lines()
  local own = session
  if not own then
    return
  elseif own.is_busy then
    return put_aside(own)
  end
  own.is_busy = true
  local _ <close> = setmetatable({}, { __close = function() end_lines(own) end })
  while session == own do
    local line = next_line(own)
    if line then
      own.has_line = true
      handle(line)
      own.has_line = false
    elseif own.channel:closed() then
      leave()
    else
      break
    end
  end
end

--- Debugs the service until the line "cont", or the other end of the channel is gone. Blocks.
-- `import` is the module skynet, `fd` the socket for the output, `channel` an id of
-- skynet.debugchannel. Raises "Already in debug mode", or what connect raises.
function M.start(import, fd, channel)
  if session then
    error "Already in debug mode"
  end
  local own = {
    skynet = import,
    fd = fd,
    channel = debugchannel.connect(channel),
    token = {},
    later = {},
  }
  session = own
  local _ <close> = setmetatable({}, { __close = function()
    if session == own then
      leave()  -- this coroutine fails, or was killed
    end
  end })
  import.error "Enter debug mode"
  prompt()
  own.channel:watch(on_lines)
  import.fork(on_lines)  -- what was written before
  repeat
    import.wait(own.token)
  until session ~= own
end

return M
