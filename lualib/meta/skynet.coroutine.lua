---@meta skynet.coroutine

---Coroutines whose bodies may call functions that yield to the runtime. Such a call suspends the
---whole chain of coroutines up to the service coroutine, and comes back into the innermost one;
---`yield` leaves the innermost `resume`.
---
---Skynet: the functions of Lua's own `coroutine` do the same in a service. This module differs in
---its checks: it resumes only coroutines that it has made, and tells which are blocked.
---
---```lua
---local co = require "skynet.coroutine"
---local squares = co.wrap(function(n)
---  for i = 1, n do
---    skynet.sleep(1)
---    co.yield(i * i)
---  end
---end)
---print(squares(3), squares(), squares())  --> 1  4  9
---```
---@class skynet.coroutine
local co = {}

---Makes a coroutine.
---
---Raises when `f` is no function.
---@param f function its body
---@return thread co suspended
function co.create(f) end

---Resumes a coroutine that `create` has made, until its next `yield` or its end. It may wait for
---the runtime meanwhile.
---
---Returns false and `cannot resume none skynet coroutine` for one made elsewhere, `cannot resume
---non-suspended coroutine`, `cannot resume dead coroutine`. Raises when `thread` is no coroutine.
---@async
---@param thread thread the coroutine
---@param ... any the results of its `yield`, or the arguments of its body
---@return boolean ok false: it has failed, or could not be resumed
---@return any ... what it yields or returns; the error
function co.resume(thread, ...) end

---Goes back to the `resume` of the running coroutine.
---
---Raises `Call skynet.coroutine.yield out of skynet.coroutine.resume` in a service coroutine.
---@param ... any the results of the `resume`
---@return any ... the arguments of the next `resume`
function co.yield(...) end

---A function that makes a coroutine at its first call and resumes it at each call. It raises the
---errors of the coroutine, and what `resume` returns as an error.
---@param f function the body
---@return function resume returns what the coroutine yields or returns; it may yield to the runtime
function co.wrap(f) end

---The state of a coroutine.
---@param thread thread the coroutine
---@return "running"|"normal"|"suspended"|"blocked"|"dead" status `"blocked"`: it waits for the runtime inside of a `resume`
function co.status(thread) end

---The service coroutine in which a coroutine runs.
---@param thread? thread the coroutine; the running one without it
---@return thread? root nil: it was not resumed yet; itself when it was made elsewhere, or is dead
---@return boolean is_foreign whether it was made elsewhere, or is dead
function co.thread(thread) end

---The running coroutine, as `coroutine.running` of Lua.
---@return thread co the coroutine
---@return boolean is_main whether it is the one of the main chunk
function co.running() end

---Whether the running coroutine may yield, as `coroutine.isyieldable` of Lua.
---@param thread? thread another coroutine
---@return boolean may_yield whether it may
function co.isyieldable(thread) end

---Closes a coroutine that is suspended or dead, as `coroutine.close` of Lua.
---
---Raises when it is neither.
---@param thread thread the coroutine
---@return boolean ok false: it was in error, or a to-be-closed variable has failed
---@return any error the error then
function co.close(thread) end

return co
