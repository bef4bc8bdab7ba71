-- Started as "proxy HANDLE": passes lua requests on to it, unread. As "filter": all messages go
-- through a function that counts them.
local skynet = require "skynet.manager"
local role, target = ...
target = tonumber(target)

local function start_proxy()
  skynet.register_protocol { name = "system", id = skynet.PTYPE_SYSTEM,
    unpack = function(msg, sz) return msg, sz end }
  local map = { [skynet.PTYPE_LUA] = skynet.PTYPE_SYSTEM,
    [skynet.PTYPE_RESPONSE] = skynet.PTYPE_RESPONSE }
  skynet.forward_type(map, function()
    skynet.dispatch("system", function(session, _, msg, sz)
      if session == 0 then
        skynet.rawsend(target, "lua", msg, sz)
      else
        skynet.ret(skynet.rawcall(target, "lua", msg, sz))
      end
    end)
    require "skynet.debug".reg_debugcmd("CHECK", function(peer)
      skynet.yield()
      skynet.sleep(1)
      skynet.retpack("slept", (skynet.call(peer, "lua", "eval", "return 'called'")))
    end)
  end)
end

local function start_filter()
  local last_type
  skynet.dispatch("lua", function(_, _, text)
    skynet.sleep(1)
    skynet.retpack(text, last_type)
  end)
  skynet.filter(function(type, ...)
    if type ~= skynet.PTYPE_RESPONSE then
      last_type = type
    end
    return type, ...
  end, function() end)
end

local function start_picky()
  local wrong = {
    ["raise text"] = function() error "the filter refuses raise text" end,
    ["raise nil"] = function() error() end,
    ["return nothing"] = function() end,
    ["return texts"] = function() return "a", "b", "c", "d", "e" end,
  }
  skynet.dispatch("lua", function(_, _, text)
    if text == "answer and fail" then
      skynet.retpack "answered"
    end
    assert(text == "fine", "failed behind the filter")
    skynet.retpack(text)
  end)
  skynet.filter(function(type, msg, sz, ...)
    local f = type == skynet.PTYPE_LUA and wrong[skynet.unpack(msg, sz)]
    if f then
      return f()
    end
    return type, msg, sz, ...
  end, function() end)
end

if role == "proxy" then
  start_proxy()
elseif role == "picky" then
  start_picky()
else
  start_filter()
end
