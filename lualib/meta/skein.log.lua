---@meta skein.log

---Log lines with a level and fields. Lines below the level of the node are left out before
---anything is put together. The page [observability](../observability.md) tells where lines go,
---and how.
---
---```lua
---local log = require "skein.log"
---log.info("player joined", { id = 7, name = "eve" })
---```
---@class skein.log
local log = {}

---@alias skein.log.fields table<string, any> Names to values: strings, numbers and booleans as such, others through `tostring`.

---Writes a line of the level `debug`.
---
---Raises when `fields` is no table, or a name in it no string.
---@param text any the line, through `tostring`
---@param fields? skein.log.fields what goes with it
function log.debug(text, fields) end

---Writes a line of the level `info`.
---
---Raises as `debug`.
---@param text any the line, through `tostring`
---@param fields? skein.log.fields what goes with it
function log.info(text, fields) end

---Writes a line of the level `warn`.
---
---Raises as `debug`.
---@param text any the line, through `tostring`
---@param fields? skein.log.fields what goes with it
function log.warn(text, fields) end

---Writes a line of the level `error`.
---
---Raises as `debug`.
---@param text any the line, through `tostring`
---@param fields? skein.log.fields what goes with it
function log.error(text, fields) end

---Sets the least level that is logged, for the whole node. Without an argument, tells it. At first
---it is that of the key `loglevel`, or `"info"`.
---
---Raises for another text.
---@param level? "debug"|"info"|"warn"|"error" the new level
---@return string before the level before
function log.level(level) end

return log
