---@meta skynet.require

---What stands behind the global `require` in a service coroutine, where the main chunk of a module
---and its functions of `skynet.init` may yield.
---@class skynet.require
local loader = {}

---Loads a module once, as `require` of Lua; the global `require` of a service. On the main thread
---it is Lua's own. In a coroutine a second one that asks for a module which is being loaded waits
---for it, and the module's functions of `skynet.init` run before it returns.
---
---Raises what the module raises, with a traceback; `require NAME failed` for those who waited for
---it; `circular dependency`; and what Lua's `require` raises when the module is not found.
---@async
---@param name string name of the module
---@return any module its value; one result only
function loader.require(name) end

---As `skynet.init`.
---
---Raises outside of a module that is being loaded, after `skynet.start`.
---@param f fun() runs before `require` returns; it may yield
function loader.init(f) end

---Does nothing, and is kept for programs that call it: `skynet.start` runs the functions of the
---main chunk.
function loader.init_all() end

return loader
