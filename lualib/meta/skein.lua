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

---Figures of this service. Does not wait.
---@return skein.figures stat the figures
function skein.stat() end

---What `stat` returns.
---@class skein.figures
---@field message integer Messages handled.
---@field cpu number CPU seconds used.
---@field mqlen integer Messages that wait.
---@field mqmax integer The most that ever waited.
---@field memory integer Bytes of the Lua heap.
---@field memory_max integer The most it ever was.
---@field task integer Sessions waited for.

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
