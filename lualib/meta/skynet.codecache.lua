---@meta skynet.codecache

---The cache of compiled Lua files that all services of the process share. `require`, `loadfile`,
---`dofile` and the start of services go through it.
---
---Skynet: a file that has changed, by its size or time, is read anew.
---@class skynet.codecache
local codecache = {}

---Empties the cache. Code that runs is not touched.
function codecache.clear() end

---How this service uses the cache: `"ON"` (the default) reads it and adds to it, `"EXIST"` only
---reads it, `"OFF"` does neither. Without an argument, returns the present mode.
---
---Raises `invalid option` for another text.
---@param mode? "ON"|"EXIST"|"OFF" the new mode
---@return string? mode the present mode; nothing when one is set
function codecache.mode(mode) end

---The function `loadfile` of Lua, through the cache; the global `loadfile` is the same.
---@param path? string the file; standard input without it
---@param mode? "b"|"t"|"bt" which kinds of chunks are accepted
---@param env? table the environment; the globals without it
---@return function? chunk nil when it cannot be loaded
---@return string? message then, why
function codecache.loadfile(path, mode, env) end

return codecache
