---@meta skynet.manager

---The module `skynet` with functions that act on other services. `require` returns the table of
---`skynet`, with `launch`, `kill`, `abort`, `register`, `name`, `monitor`, `forward_type` and
---`filter` in it; they are described on the page of [skynet](skynet.md).
---
---Skynet: these functions are there without this module, too; the first use loads it.
---@class skynet.manager: skynet
local manager = {}

return manager
