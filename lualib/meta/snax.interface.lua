---@meta snax.interface

---Reads the file of a snax service: what `skynet.snax` and the services themselves use. The file's
---globals are those of `G`; what it defines in `accept`, `response`, `init`, `exit` and `hotfix`
---is collected. `methods[id]` is `{ id, group, name, func }`; the first four, of the group
---`"system"`, are `init`, `exit`, `hotfix` and `profile`, with no `func` where the file has none.
---
---Raises when the file is not found, does not compile or fails, or defines something that is no
---method.
---@param name string name of the service
---@param G table the globals for the file
---@param loader? fun(path: string, name: string, G: table): function, string finds and loads the file: its main function and the pattern. Without it, a search along the key `snax`
---@param on_found? fun(pattern: string) is called before the file runs
---@return table[] methods the functions, in the order of their ids
---@return string pattern of the search path that has led to the file
local function interface(name, G, loader, on_found) end

return interface
