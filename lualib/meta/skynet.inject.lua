---@meta skynet.inject

---Runs source text inside this service: the debug command `RUN` in the form of a function. The
---text sees the globals of the service, but its own assignments to globals stay in it. It has
---`print`, whose lines are returned; `_U`, the tables that are upvalues of the given functions, by
---name; and `_P`, for each protocol the tables that its handler uses: `_P.lua.CMD.add = function
---... end` changes a service while it runs.
---@async
---@param skynet skynet the module `skynet`
---@param source string the text
---@param filename? string its name in messages
---@param args table the arguments, with `n`: `...` of the text
---@param ... function those whose upvalues `_U` shows
---@return boolean ok false when the text does not compile, or fails
---@return string[] lines what was printed, and the error as the last line
local function inject(skynet, source, filename, args, ...) end

return inject
