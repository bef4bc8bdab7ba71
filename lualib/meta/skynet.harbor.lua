---@meta skynet.harbor

---Global names, and the links to the other nodes of a harbor network. With `harbor = 0` the node
---is on its own: names work, and there are no links.
---@class skynet.harbor
local harbor = {}

---Registers a global name. Does not wait; a name that is taken or too long is only logged.
---@param name string the name, 15 bytes at most
---@param handle? integer the service; this one without it
function harbor.globalname(name, handle) end

---Registers a global name, with checks.
---
---Raises for a local name, for one that is longer than 15 bytes, begins with a colon or reads as a
---number, and for an address that is no service.
---@param name string the name
---@param addr? skynet.address the service; this one without it
function harbor.register(name, addr) end

---The service of a name. Waits until somebody has registered it; a local name (`".name"`) is
---answered at once.
---@async
---@param name string the name
---@return integer? handle of the service; nothing for a local name that nobody has
function harbor.queryname(name) end

---Waits until the connection to a node breaks. Returns at once when there is none.
---@async
---@param id integer harbor id of the node
---@return false? cancelled false when `unlink` has ended the wait, else nothing
function harbor.link(id) end

---Ends the waits of this service in `link`. The connection is not touched.
---@param id integer harbor id of the node
function harbor.unlink(id) end

---Waits until a node is connected; for ever where there are no links.
---
---Raises what `skynet.call` raises.
---@async
---@param id integer harbor id of the node
function harbor.connect(id) end

---Waits until the connection to the master breaks.
---
---Raises where there is no master.
---@async
function harbor.linkmaster() end

return harbor
