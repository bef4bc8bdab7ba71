---@meta skynet.profile

---The CPU time of a coroutine between two points. The time in which it is suspended does not
---count; that of coroutines which it resumes does. A measurement that is not stopped ends with its
---coroutine.
---
---```lua
---local profile = require "skynet.profile"
---profile.start()
---work()
---print(profile.stop(), "seconds")
---```
---@class skynet.profile
local profile = {}

---Begins to measure.
---
---Raises `Thread ... start profile more than once`.
---@param co? thread the coroutine; the running one without it
function profile.start(co) end

---Ends the measurement.
---
---Raises `Call profile.start() before profile.stop()`.
---@param co? thread the coroutine; the running one without it
---@return number seconds CPU time since `start`
function profile.stop(co) end

---The function `coroutine.resume` of a service.
---@async
---@param co thread the coroutine
---@param ... any the results of its `yield`, or the arguments of its body
---@return boolean ok false: it has failed, or could not be resumed
---@return any ... what it yields or returns; the error
function profile.resume(co, ...) end

---The function `coroutine.wrap` of a service.
---@param f function the body
---@return function resume resumes it; it may yield to the runtime
function profile.wrap(f) end

return profile
