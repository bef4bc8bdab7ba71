---@meta skynet.snax

---Services whose functions are called by name. The page [snax](../snax.md) tells how such a
---service is written.
---
---```lua
---local snax = require "skynet.snax"
---local counter = snax.newservice("counter", 10)
---counter.post.add(5)          -- sends
---print(counter.req.get())     -- calls
---snax.kill(counter)
---```
---@class skynet.snax
local snax = {}

---A service, as seen by others. Objects can be sent in messages, and become plain tables there;
---`bind` makes an object of `handle` and `type`.
---@class skynet.snax.object
---@field handle integer Handle of the service.
---@field type string Its name.
---@field req table<string, function> `obj.req.NAME(...)` calls `response.NAME` of the service, and returns its results. It yields, and raises as `skynet.call`; a name that is not defined raises `request SERVICE:NAME no exist`.
---@field post table<string, function> `obj.post.NAME(...)` sends to `accept.NAME` of the service. A name that is not defined raises `post SERVICE:NAME no exist`.

---The functions of a service, as numbers.
---@class skynet.snax.class
---@field name string Name of the service.
---@field accept table<string, integer> What can be posted.
---@field response table<string, integer> What can be called.
---@field system table<string, integer> `init`, `exit`, `hotfix`, `profile`.

-- ## Starting and finding

---Starts a service and calls its `init` with the values.
---
---Raises when its file is not found or wrong, and `call failed` when `init` fails; it is stopped
---then.
---@async
---@param name string name of the service, looked up along `snax`
---@param ... any for `init`: any values that can be packed
---@return skynet.snax.object obj the service
function snax.newservice(name, ...) end

---As `newservice`.
---
---Raises as `newservice`.
---@async
---@param name string name of the service
---@param ... any for `init`
---@return integer handle of the service
function snax.rawnewservice(name, ...) end

---The only service of a name in the process. The first call starts it, with its values.
---
---Raises when it did not start.
---@async
---@param name string name of the service
---@param ... any for `init`
---@return skynet.snax.object obj the service
function snax.uniqueservice(name, ...) end

---As `uniqueservice`, for the whole network.
---
---Raises when it did not start.
---@async
---@param name string name of the service
---@param ... any for `init`
---@return skynet.snax.object obj the service
function snax.globalservice(name, ...) end

---The service that somebody has started, or will start, with `uniqueservice`. Waits for that.
---
---Raises when it did not start.
---@async
---@param name string name of the service
---@return skynet.snax.object obj the service
function snax.queryservice(name) end

---As `queryservice`, for `globalservice`.
---
---Raises when it did not start.
---@async
---@param name string name of the service
---@return skynet.snax.object obj the service
function snax.queryglobal(name) end

---The object of a service that runs: always the same one while anybody holds it.
---
---Raises when the handle is bound with another name, and when the file is not found or wrong.
---@param handle integer handle of the service
---@param name string its name
---@return skynet.snax.object obj the service
function snax.bind(handle, name) end

---The functions that the file of a service defines. The file runs, in an environment in which
---`require` does nothing.
---
---Raises when the file is not found or wrong.
---@param name string name of the service
---@return skynet.snax.class class the functions
function snax.interface(name) end

-- ## Calling

---As `obj.req[name](...)`.
---
---Raises as that does, and for a handle that is not bound.
---
---Skynet: new.
---@async
---@param obj skynet.snax.object|integer the service, or its handle
---@param name string name of the function
---@param ... any its arguments
---@return any ... its results
function snax.req(obj, name, ...) end

---As `obj.post[name](...)`.
---
---Raises as that does, and for a handle that is not bound.
---
---Skynet: new.
---@param obj skynet.snax.object|integer the service, or its handle
---@param name string name of the function
---@param ... any its arguments
function snax.post(obj, name, ...) end

-- ## Control

---Calls the `exit` of a service with the values; then the service ends.
---
---Raises as `skynet.call`.
---@async
---@param obj skynet.snax.object the service
---@param ... any for `exit`
function snax.kill(obj, ...) end

---The object of this service, which is a snax service.
---@return skynet.snax.object obj this service
function snax.self() end

---Ends this service, which is a snax service. Does not return.
---@async
---@param ... any for `exit`
function snax.exit(...) end

---Replaces functions of a service that runs by those of a source text. The page [snax](../snax.md)
---tells how they share variables with it.
---
---Raises what is wrong with the text, and what its `hotfix` function raises.
---@async
---@param obj skynet.snax.object the service
---@param source string functions, in the form of the service's file
---@param ... any for the function `hotfix` of the text
---@return any ... its results
function snax.hotfix(obj, source, ...) end

---How often each function of a service has run, and the CPU time of these.
---
---Raises as `skynet.call`.
---@async
---@param obj skynet.snax.object the service
---@return table<string, {count: integer, time: number}> figures name to count and seconds; without those that never ran
function snax.profile_info(obj) end

---Writes a line to the log: `skynet.error(fmt:format(...))`.
---@param fmt string as for `string.format`
---@param ... any its values
function snax.printf(fmt, ...) end

---Has this service, which is a snax service, accept the same messages on the protocol `lua`, as
---they come from other nodes of a cluster.
---
---Raises outside of a snax service.
function snax.enablecluster() end

return snax
