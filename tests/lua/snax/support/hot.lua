--- A snax service to be patched: variables of every kind, functions that share them.
local skynet = require "skynet"

local count = 0
local list = {}
local deep = "deep"
local factor = 2
local secret = 1

local function inner()
  return deep, tostring(skynet ~= nil)
end

local function scale(v)
  return tonumber(v) * factor
end

--- Uses no global: its variables are not looked for.
local function plain()
  secret = secret + 1
  return secret
end

hot_global = "global"

function init(start)
  count = start or 0
end

function accept.hit()
  count = count + 1
  list[#list + 1] = count
end

function response.count()
  return count, #list
end

function response.scale(v)
  return scale(v)
end

function response.plain()
  return plain()
end

function response.deep()
  return inner()
end

function response.global()
  return hot_global, patched_global -- luacheck: ignore 113
end

function response.slow(token)
  local before = count
  skynet.wait(token)
  return "old", before, count
end

function accept.wakeup(token)
  skynet.wakeup(token)
end

function exit(to)
  if to then
    skynet.send(to, "lua", "old exit")
  end
end
