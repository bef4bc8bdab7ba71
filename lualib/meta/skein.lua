---@meta skein

---What goes beyond Skynet's interface: limits of time for calls, figures of services, who waits
---for whom.
---@class skein
local skein = {}

-- ## Deadlines

---Runs `f(...)` with a limit of time: calls made inside, by the services called too, end in time.
---They raise `call failed: deadline exceeded` when the time is over. A limit inside of another one
---can only be shorter. Code that does not call is not interrupted.
---
---Raises what `f` raises; for seconds that are negative or no number; outside of a service
---coroutine.
---
---```lua
---local ok, value = pcall(skein.deadline, 0.5, skynet.call, db, "lua", "get", key)
---```
---@async
---@param seconds number the time
---@param f function the function; it may yield
---@param ... any its arguments
---@return any ... its results
function skein.deadline(seconds, f, ...) end

---How much time the current coroutine has left, by its own `deadline` or that of its caller.
---@return number? seconds 0 when the time is over; nil when there is no limit
function skein.remaining() end

-- ## Figures

---For whom and for what the coroutines of this service wait.
---@return skein.wait[] list in no order
function skein.waits() end

---What a coroutine waits for.
---@class skein.wait
---@field session integer The session that it waits for, or 0.
---@field kind string `"call"`, `"request"`, `"sleep"`, `"wait"`, `"socket"` or `"timeout"`.
---@field callee? integer Handle of the service that is called.
---@field since? number Seconds since the wait began; nil for a request of a set.
---@field stack string Traceback.

---Figures of a service. Does not wait, and does not disturb it.
---
---Raises when `addr` is no address.
---@param addr? skynet.address the service; this one without it
---@return skein.figures? figures nil when there is no such service
---@return string? message then
function skein.stat(addr) end

---What `stat` returns.
---@class skein.figures
---@field name string Module and arguments of the service.
---@field message integer Messages handled.
---@field cpu number CPU seconds used; of another service, up to its present message.
---@field mqlen integer Messages that wait.
---@field mqmax integer The most that ever waited.
---@field memory integer Bytes of the Lua heap; of another service, after its last message.
---@field memory_max? integer Of this service: the most it ever was.
---@field task? integer Of this service: sessions waited for.

---What a service holds in memory, or all services of the node. Waits 0.1 s at most while a busy
---service looks through its mailbox.
---@async
---@overload async fun(): table<integer, skein.usage>
---@param addr skynet.address the service; without it the result is a table, from handle to usage
---@return skein.usage? usage nil when there is no such service
---@return string? message then
function skein.memory(addr) end

---What `memory` returns, in bytes but for the counts.
---@class skein.usage
---@field lua integer Its Lua heap.
---@field mailbox integer Messages that wait.
---@field mqlen integer Their number.
---@field unread integer Data of its sockets that it has not read.
---@field unsent integer Data of its sockets that the peers have not taken.
---@field sockets integer Their number.
---@field total integer All of this.
---@field stale? true The service was busy, and `mailbox` is of an earlier look.

---Figures of all services of this node, native ones too. Asks nobody, so it does not wait for busy
---ones.
---@return skein.service[] list in the order of the handles
function skein.services() end

---A service in `services`.
---@class skein.service
---@field handle integer Handle of the service.
---@field name string Its module and arguments.
---@field message integer Messages handled.
---@field cpu number CPU seconds used, up to its present message.
---@field mqlen integer Messages that wait.
---@field mqmax integer The most that ever waited.
---@field memory integer Bytes of the Lua heap, after its last message.

---Where the Lua code of another service is at this moment. While it is inside a C function there
---is no answer, so this is called with a `deadline`; it returns nothing when the time is over.
---@async
---@param addr skynet.address the service
---@return string? stack traceback; nothing when it handles no message
function skein.place(addr) end

-- ## Process

---Sets what the process ends with, whenever that is; 0 unless it is set.
---
---Raises for other numbers.
---@param code integer the status, 0 to 255
function skein.exit_status(code) end

return skein
