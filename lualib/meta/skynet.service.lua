---@meta skynet.service

---Services whose code is a function, one instance a name in the process.
---
---```lua
---local service = require "skynet.service"
---local function main(step)
---  local skynet = require "skynet"
---  local n = 0
---  skynet.dispatch("lua", function() n = n + step skynet.retpack(n) end)
---end
---skynet.start(function()
---  local counter = service.new("counter", main, 5)
---  print(skynet.call(counter, "lua"))  --> 5
---end)
---```
---@class skynet.service
local service = {}

---Starts the service, unless it is there, and waits until it has started. In the new service
---`mainfunc` runs in a service coroutine; a function that it gives to `skynet.start` runs after
---it.
---
---Raises `assertion failed` when `mainfunc` uses other outer variables than globals; `call failed`
---when it fails, also for later calls, until `close`.
---@async
---@param name string name of the service
---@param mainfunc function its code. It is copied, so all but globals must be its own
---@param ... any the arguments of `mainfunc`: any values that can be packed
---@return integer handle of the service
function service.new(name, mainfunc, ...) end

---Waits until somebody has started the service.
---
---Raises `call failed` when it did not start.
---@async
---@param name string name of the service
---@return integer handle of the service
function service.query(name) end

---Kills the service, or forgets that it has failed. Handles that others keep become invalid.
---@async
---@param name string name of the service
---@return boolean closed false when there is none, or it is still starting
function service.close(name) end

return service
