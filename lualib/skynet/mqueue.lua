--- Requests that a service handles one after the other, in one coroutine. Deprecated: skynet.queue
-- does the same for any protocol.
--
-- Registers the protocol "queue". The answer to a call says whether the function failed and how,
-- so that the caller gets the text.
local skynet = require "skynet"

local mqueue = {}

local handler
local worker                 -- the coroutine; nil before the first message and when it was killed
local token = {}             -- what it waits for when the queue is empty
local items = {}             -- { n, reply, arguments... }
local first, last = 1, 0
local open_reply             -- of the call in work

local function log_failure(err)
  skynet.error(debug.traceback("mqueue: " .. tostring(err), 2))
  return err
end

--- Answers with the outcome. What cannot be packed, value or error, becomes a text.
local function answer(reply, ok, ...)
  local is_packed, err = pcall(reply, true, ok, ...)
  if not is_packed then
    reply(true, false, ok and tostring(err) or tostring((...)))
  end
end

local function handle(item)
  open_reply = item.reply
  if open_reply then
    answer(open_reply, pcall(handler, table.unpack(item, 1, item.n)))
    open_reply = nil
  else
    xpcall(handler, log_failure, table.unpack(item, 1, item.n))
  end
end

local start

--- When the worker is killed the call in work fails, and another worker goes on.
local restart = setmetatable({}, { __close = function()
  worker = nil
  if open_reply then
    open_reply(false)
    open_reply = nil
  end
  if first <= last then
    start()
  end
end })

local function work()
  local _ <close> = restart
  while true do
    while first <= last do
      local item = items[first]
      items[first] = nil
      first = first + 1
      handle(item)
    end
    skynet.wait(token)
  end
end

function start()
  worker = skynet.fork(work)
end

local function run()
  if not handler or first > last then
    return
  elseif worker then
    skynet.wakeup(token)
  else
    start()
  end
end

skynet.register_protocol {
  name = "queue",
  id = skynet.PTYPE_QUEUE,
  pack = skynet.pack,
  unpack = skynet.unpack,
  dispatch = function(session, _, ...)
    local item = table.pack(...)
    if session ~= 0 then
      item.reply = skynet.response()
    end
    last = last + 1
    items[last] = item
    run()
  end,
}

--- Begins to handle the messages, those that are already there included: f(...) for each, with its
-- values. Once in a service.
-- @param f function: may yield; the next message waits meanwhile
function mqueue.register(f)
  assert(handler == nil, "assertion failed! (mqueue.register was called before)")
  handler = f
  run()
end

local function results_of_call(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

--- Calls; the results of the function. Raises the error of the function, with its text, or what
-- skynet.call raises. Yields.
-- @param addr address
function mqueue.call(addr, ...)
  return results_of_call(skynet.call(addr, "queue", ...))
end

--- Sends, as skynet.send.
-- @param addr address
function mqueue.send(addr, ...)
  return skynet.send(addr, "queue", ...)
end

--- How many messages wait, without the one in work.
-- @return integer
function mqueue.size()
  return last - first + 1
end

return mqueue
