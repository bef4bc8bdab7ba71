--- .cslave of a node on its own: who has which global name.
--
-- REGISTER name handle   (sent) the first registration of a name counts
-- QUERYNAME name         -> handle; waits until the name is registered. ".name": at once, or nil
-- LINK id                -> answered at once: there are no links
-- CONNECT id             never answered
local skynet = require "skynet"
require "skynet.manager"

local names = {}    -- name -> handle
local waiting = {}  -- name -> list of response closures
local command = {}
local router

skynet.register_protocol { name = "harbor", id = skynet.PTYPE_HARBOR }

-- What the native service asks; names come by REGISTER alone.
skynet.register_protocol {
  name = "text",
  id = skynet.PTYPE_TEXT,
  unpack = skynet.tostring,
  dispatch = function() end,
}

function command.REGISTER(name, handle)
  if names[name] then
    error(("the global name %s is registered already, by %s"):format(name,
      skynet.address(names[name])))
  end
  names[name] = handle
  skynet.redirect(router, handle, "harbor", 0, "N " .. name)
  local replies = waiting[name] or {}
  waiting[name] = nil
  for _, reply in ipairs(replies) do
    reply(true, handle)
  end
end

function command.QUERYNAME(name)
  if name:sub(1, 1) == "." then
    skynet.retpack(skynet.localname(name))
  elseif names[name] then
    skynet.retpack(names[name])
  else
    waiting[name] = waiting[name] or {}
    table.insert(waiting[name], skynet.response())
  end
end

function command.LINK()
  skynet.ret()
end

function command.CONNECT()
  skynet.ignoreret()
  skynet.error "Can't connect to other harbor in single node mode"
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, cmd, ...)
    local f = command[cmd]
    if not f then
      error("Invalid command " .. tostring(cmd))
    end
    f(...)
  end)
  router = assert(skynet.launch("harbor", 0, skynet.self()), "cannot start the harbor service")
end)
