--- Global names, and the links to the other nodes of a harbor network.
--
-- The service .cslave knows both. With harbor = 0 the node is on its own: names work, and there are
-- no links.
local skynet = require "skynet"
require "skynet.manager"

local harbor = {}

local watches = {}  -- harbor id -> set of the tokens of harbor.link in this service

--- globalname(name [, handle]): registers a global name for a service (an integer handle; default:
-- this one). Does not wait and returns nothing; a name that is taken or too long is only logged.
function harbor.globalname(name, handle)
  skynet.send(".cslave", "lua", "REGISTER", name, handle or skynet.self())
end

--- register(name [, addr]): as globalname, with the checks of skynet.register. `addr` is a handle,
-- ":hex" or ".name" (default: this service). Raises on a name that is none, or an unknown addr.
function harbor.register(name, addr)
  if type(name) ~= "string" or name:sub(1, 1) == "." then
    error("bad argument #1 to 'register' (a global name expected)", 2)
  end
  skynet.name(name, addr or skynet.self())
end

--- queryname(name) -> handle. Blocks until somebody has registered the name. A name that begins
-- with a dot is local: its handle or nil, at once.
function harbor.queryname(name)
  return skynet.call(".cslave", "lua", "QUERYNAME", name)
end

local function cancel(id, token)
  local set = watches[id]
  if set then
    set[token] = nil
    if not next(set) then
      watches[id] = nil
    end
  end
end

--- link(id): blocks until the connection to the harbor breaks, or returns at once if there is none.
-- Returns nothing, or false when harbor.unlink has ended the wait.
function harbor.link(id)
  local token = {}
  local set = watches[id] or {}
  watches[id] = set
  set[token] = true
  local _ <close> = setmetatable({}, { __close = function() cancel(id, token) end })
  local call = skynet.fork(function()
    pcall(skynet.call, ".cslave", "lua", "LINK", id)  -- fails when .cslave goes, and its links
    token.is_down = true
    skynet.wakeup(token)
  end)
  repeat
    skynet.wait(token)
  until token.is_down or token.is_cancelled
  if token.is_down then
    return
  end
  skynet.killthread(call)
  return false
end

--- unlink(id): ends the waits of this service in harbor.link(id); they return false. Does not touch
-- the connection, and does not block.
function harbor.unlink(id)
  for token in pairs(watches[id] or {}) do
    token.is_cancelled = true
    skynet.wakeup(token)
  end
end

--- connect(id): blocks until the harbor is connected; returns nothing.
function harbor.connect(id)
  skynet.call(".cslave", "lua", "CONNECT", id)
end

--- linkmaster(): blocks until the connection to the master breaks. Raises where there is no master.
function harbor.linkmaster()
  skynet.call(".cslave", "lua", "LINKMASTER")
end

return harbor
