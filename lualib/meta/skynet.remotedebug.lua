---@meta skynet.remotedebug

---The debugger of the console's `debug ADDRESS`, on the side of the service. The page
---[debug-console](../debug-console.md) tells how it is used.
---@class skynet.remotedebug
local remotedebug = {}

---Debugs this service, until the line `cont` is read or the other end of the channel is gone.
---
---Raises `Already in debug mode`, and what `skynet.debugchannel.connect` raises.
---@async
---@param import skynet the module `skynet`
---@param fd integer the socket for the output
---@param channel integer id of a channel of `skynet.debugchannel`
function remotedebug.start(import, fd, channel) end

return remotedebug
