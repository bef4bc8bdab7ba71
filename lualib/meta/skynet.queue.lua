---@meta skynet.queue

---Critical sections and queues between the coroutines of a service. The module is called to make a
---critical section.
---
---```lua
---local queue = require "skynet.queue"
---local cs = queue()
---skynet.dispatch("lua", function(_, _, amount)
---  skynet.retpack(cs(withdraw, amount))  -- one at a time, though withdraw yields
---end)
---```
---
---Skynet: `create`, `push` and `pop` are new.
---@class skynet.queue
---@overload fun(): skynet.section
local queue = {}

---A critical section. `cs(f, ...)` runs `f(...)` when no other coroutine is inside, waits for that
---in the order of the calls, and returns the results of `f`. It may yield. The coroutine that is
---inside may enter again. When `f` fails the section is left, and the error goes on, with a
---traceback if it is a text; likewise when the coroutine is killed.
---@class skynet.section
---@overload async fun(f: function, ...: any): ...

---A first-in-first-out queue of values, and a critical section: `q(f, ...)`.
---@class skynet.fifo
---@overload async fun(f: function, ...: any): ...
local fifo = {}

---Appends a value, and wakes the coroutine that has waited longest in `pop`.
---
---Raises when `data` is nil.
---@param data any the value
---@return integer count how many values are queued
function fifo:push(data) end

---Takes the oldest value, waiting for one while there is none. Those who wait are served in order.
---@async
---@param timeout? skynet.ticks the longest wait; 0: none; without it no limit
---@return any data the value; nil when the time is over
---@return "timeout"? why then
function fifo:pop(timeout) end

---Makes a queue of values.
---@return skynet.fifo q an empty one
function queue.create() end

---As `q:push(data)`.
---
---Raises when `data` is nil.
---@param q skynet.fifo the queue
---@param data any the value
---@return integer count how many values are queued
function queue.push(q, data) end

---As `q:pop(timeout)`.
---@async
---@param q skynet.fifo the queue
---@param timeout? skynet.ticks the longest wait; 0: none; without it no limit
---@return any data the value; nil when the time is over
---@return "timeout"? why then
function queue.pop(q, timeout) end

return queue
