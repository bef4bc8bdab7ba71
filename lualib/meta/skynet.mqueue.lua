---@meta skynet.mqueue

---Requests that a service handles one after the other, in one coroutine, over the protocol
---`queue`. For new programs `skynet.queue` does the same for any protocol.
---@class skynet.mqueue
local mqueue = {}

---Begins to handle the messages, also those that are there already: `f(...)` with the values of
---each. The results of `f`, or its error, are the answer to a call. The next message waits until
---`f` has returned.
---
---Raises `assertion failed` for a second time.
---@param f fun(...: any): ... the handler; it may yield
function mqueue.register(f) end

---Calls a service that has registered a function.
---
---Raises the error of the function, with its text; and what `skynet.call` raises.
---@async
---@param addr skynet.address the callee
---@param ... any the arguments
---@return any ... the results
function mqueue.call(addr, ...) end

---Sends to a service that has registered a function, as `skynet.send`.
---@param addr skynet.address the receiver
---@param ... any the arguments
---@return integer? ok 0; nothing when there is no such service
function mqueue.send(addr, ...) end

---How many messages wait in this service.
---@return integer count without the one that is being handled
function mqueue.size() end

return mqueue
