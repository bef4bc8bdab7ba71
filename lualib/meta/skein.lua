---@meta skein

---What goes beyond Skynet's interface: limits of time for calls, figures of services, who waits
---for whom, how services end and who is told, bounded mailboxes.
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
---@field refused integer Requests refused, see `mailbox`.
---@field dropped integer Requests dropped, see `mailbox`.
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

-- ## Ends of services

---@alias skein.reason string Why a service has ended: `"normal"`, `"killed by :0000000a"`, `"error: TEXT"`, `"memory"`, `"shutdown"`, `"shutdown: TEXT"`; `"gone"`: it was not there any more.

---Watches a service: when it has ended, `f` is called once, in a service coroutine; at once, with
---`"gone"`, when there is no such service. Without `f`, the function of `on_exit` is called.
---
---Raises for a service of another node, and for this one.
---
---```lua
---skein.monitor(addr, function(handle, reason)
---  skynet.error(skynet.address(handle), "has ended:", reason)
---end)
---```
---@param addr skynet.address the service, but no global name
---@param f? fun(handle: integer, reason: skein.reason, ref: integer) it may yield
---@return integer ref for `demonitor`
function skein.monitor(addr, f) end

---Takes a monitor back: its function will not be called any more.
---@param ref integer of `monitor`
---@return boolean ok false when it was called, or taken back, already
function skein.demonitor(ref) end

---Links this service and another one: when one ends for another reason than `"normal"`, the other
---is ended with the same reason, unless it traps exits. This service is ended when there is no
---such service. Linking twice is linking once.
---
---Raises for a service of another node, and for this one.
---@param addr skynet.address the other service, but no global name
function skein.link(addr) end

---Takes a link back.
---
---Raises as `link`.
---@param addr skynet.address the other service
---@return boolean ok false when they were not linked
function skein.unlink(addr) end

---Sets whether linked services that end do not end this one: the function of `on_exit` is called
---instead, also for `"normal"`.
---@param on? boolean without it nothing is changed
---@return boolean before whether it was so
function skein.trap_exit(on) end

---Sets the function for the ends of linked services, and for monitors without a function of their
---own. Without one they are logged.
---
---Raises when `f` is no function.
---@param f? fun(handle: integer, reason: skein.reason, ref: integer?) `ref` is nil for a link; it may yield
---@return function? before the function before
function skein.on_exit(f) end

---Waits until a service has ended.
---
---Raises as `monitor`.
---@async
---@param addr skynet.address the service, but no global name
---@param ticks? skynet.ticks the longest wait; without it no limit
---@return skein.reason? reason nil when the time is over
---@return "timeout"? why then
function skein.wait_exit(addr, ticks) end

---Ends this service with a reason. Does not return.
---@param reason skein.reason why; another text is that of an error
function skein.exit(reason) end

---Ends another service at once, as `skynet.kill`.
---
---Raises for a service of another node, and for this one.
---@param addr skynet.address the service, but no global name
---@return boolean ok false when there is no such service
function skein.kill(addr) end

---Asks another service to end: its functions of `on_shutdown` run, then it ends with the reason
---`"shutdown"`, or `"shutdown: TEXT"`. One that has none ends at once. Does not wait; see
---`wait_exit`.
---
---Raises for a service of another node, and for this one.
---@param addr skynet.address the service, but no global name
---@param text? string is added to the reason
---@return boolean ok false when there is no such service
function skein.shutdown(addr, text) end

---Adds a function that is called when this service is asked to end: by `shutdown`, by its
---supervisor, or because the node is stopped by a signal. The last one added runs first; when all
---have returned, or failed, the service ends.
---
---Raises when `f` is no function.
---@param f fun(reason: skein.reason) it may yield
function skein.on_shutdown(f) end

-- ## Overload

---Bounds the mailbox of this service: by a number of messages, or by how long they wait. The page
---[overload](../overload.md) tells which one helps when. `false` takes the bound away. Without an
---argument, tells the present one.
---
---Raises for a setting that is wrong or not known, and when both bounds are missing.
---
---```lua
---skein.mailbox { max = 1000, policy = "refuse" }
---```
---@overload fun(): skein.mailbox_bound?
---@param bound skein.mailbox_bound|false the bound
function skein.mailbox(bound) end

---A bound of a mailbox. `max` or `delay_ms` is there.
---@class skein.mailbox_bound
---@field max? integer How many messages may wait.
---@field delay_ms? integer How long they may wait, in milliseconds.
---@field policy? "warn"|"refuse"|"drop_oldest" What happens beyond it: a line in the log (the default); new requests fail; the oldest messages give way.

-- ## Process

---Sets what the process ends with, whenever that is; 0 unless it is set.
---
---Raises for other numbers.
---@param code integer the status, 0 to 255
function skein.exit_status(code) end

return skein
