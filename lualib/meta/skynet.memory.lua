---@meta skynet.memory

---Memory of the process, as its allocator tells, and of services outside of their Lua heaps. The
---page [observability](../observability.md) tells what each allocator knows. `skein.memory` has
---the figures of services that are mostly wanted.
---@class skynet.memory
local memory = {}

---Memory in use in the process.
---@return integer bytes 0 when the allocator does not tell
function memory.total() end

---Blocks in use in the process.
---@return integer count 0 when the allocator does not tell
function memory.block() end

---What each service holds outside of its Lua heap: messages that wait, and buffers of its sockets.
---Does not wait: of a mailbox it tells what the look before has found, and asks for a new one.
---@return table<integer, integer> sizes handle to bytes
function memory.info() end

---What this service holds outside of its Lua heap.
---@return integer bytes see `info`
function memory.current() end

---The figures of the allocator, in bytes: `"stats.allocated"`, `"stats.resident"`,
---`"stats.retained"`, `"stats.mapped"`, `"stats.active"`.
---
---Skynet: they are there with other allocators than jemalloc, too.
---@return table<string, integer> figures name to bytes
function memory.jestat() end

---A control of jemalloc. With another allocator the log tells that there is none.
---@param name string name of the control
---@return integer value 0 when there is none
function memory.mallctl(name) end

---Switches jemalloc's profiling of the heap on or off. Without an argument, tells whether it is
---on. With another allocator the log tells that there is none.
---@param on? boolean whether it shall be on
---@return boolean is_on whether it is
function memory.profactive(on) end

---Has jemalloc write a profile of the heap to a file. With another allocator the log tells that
---there is none.
function memory.dumpheap() end

---Has the allocator write a report to the standard error of the process.
---@param options? string for jemalloc
function memory.dumpinfo(options) end

---Writes the figures of `info` to the log.
function memory.dump() end

return memory
