---@meta skynet.injectcode

---Runs source text as if it stood inside a function that is on the stack. Names are its locals,
---then its upvalues, then `extra`, then globals. Locals that the text assigns are written back
---when it has ended without an error. `...` are the varargs of the function.
---
---Raises when there is no such level.
---
---```lua
---local injectcode = require "skynet.injectcode"
---local n = 1
---print(injectcode "n = n + 1; return n", n)  --> true  2
---```
---@async
---@param source string the text
---@param co? thread the coroutine; the running one without it
---@param level? integer of the function in its stack, 0 if absent: the caller, or the innermost function of `co`
---@param extra? table additional names
---@return boolean ok false when the text does not compile, or fails
---@return any ... the results of the text; the message
local function injectcode(source, co, level, extra) end

return injectcode
