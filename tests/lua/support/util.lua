--- What the Lua tests share: running, showing results, waiting for a condition.
--
-- require "support.util". All waiting is bounded: a condition that never holds is an error that
-- names the place.
local skynet = require "skynet"

local util = {}

local TICKS_MAX = 2000 * (tonumber(os.getenv "TEST_SLOWNESS") or 1)

--- Starts the service with f as its test: what f raises is printed, then the process ends.
function util.run(f)
  skynet.start(function()
    skynet.fork(function()
      local ok, err = xpcall(f, debug.traceback)
      if not ok then
        print("the test failed: " .. tostring(err))
      end
      require "skynet.manager".abort()
    end)
  end)
end

local function show_one(v)
  if type(v) == "string" then
    return '"' .. v .. '"'
  end
  return tostring(v)
end

--- As print, with blanks between the values.
function util.print(...)
  local words = table.pack(...)
  for i = 1, words.n do
    words[i] = tostring(words[i])
  end
  print(table.concat(words, " "))
end

--- The values as text; "nothing" when there is none.
function util.show(...)
  local n = select("#", ...)
  if n == 0 then
    return "nothing"
  end
  local words = {}
  for i = 1, n do
    words[i] = show_one((select(i, ...)))
  end
  return table.concat(words, " ")
end

local function outcome(expected, ok, ...)
  if ok then
    return util.show(...)
  end
  local text = tostring((...))
  if expected and text:find(expected, 1, true) then
    return "raises " .. expected
  end
  return "raises something else: " .. text
end

--- Calls f(...): its results as text, or "raises `expected`" when the error holds that text.
function util.try(expected, f, ...)
  return outcome(expected, pcall(f, ...))
end

--- Lets the others run until `condition()` holds; returns its value.
function util.wait_for(condition, what)
  local last = skynet.now() + TICKS_MAX
  while true do
    local value = condition()
    if value then
      return value
    end
    if skynet.now() > last then
      error("waited in vain" .. (what and " for " .. what or ""), 2)
    end
    skynet.sleep(1)
  end
end

--- A service that runs what it is sent: see support/peer.lua.
function util.peer()
  return skynet.newservice "support/peer"
end

--- Runs the code in the peer, as a request; its results.
function util.eval(peer, code, ...)
  return skynet.call(peer, "lua", "eval", code, ...)
end

--- The same in a coroutine of its own; the table gets `result` when it has ended.
function util.eval_later(peer, code, ...)
  local box = {}
  local args = table.pack(...)
  skynet.fork(function()
    box.result = util.try("call failed", skynet.call, peer, "lua", "eval", code,
      table.unpack(args, 1, args.n))
  end)
  return box
end

--- True when the handle is no service any more. (An error for a session that nobody waits for
-- harms nobody.)
function util.is_gone(handle)
  return skynet.redirect(handle, 0, "error", 0x7fffffff, "") == nil
end

--- The log so far. The test has `-- cfg: logger = "$TMP/log"`.
function util.log()
  local file = assert(io.open(skynet.getenv "logger"))
  local text = file:read "a"
  file:close()
  return text
end

--- Waits until the log holds the text, and returns true.
function util.in_log(text)
  return util.wait_for(function() return util.log():find(text, 1, true) end, text) ~= nil
end

--- How many answers, wakeups and timers this service waits for.
function util.task_count()
  return require "skein".stat().task
end

return util
