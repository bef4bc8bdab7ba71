--- skein.memory(): what services hold in memory.
local skynet = require "skynet"
local core = require "skein.memory.core"

--- Ticks that a busy service is waited for, until it has looked through its mailbox.
local TICKS_MAX = 10

local function has_stale(list)
  for handle, usage in pairs(list) do
    if usage.stale and handle ~= skynet.self() then
      return true
    end
  end
end

local function own(list)
  local self = skynet.self()
  if list[self] then
    list[self] = core.get(self)
  end
  return list
end

local function all()
  local last = skynet.now() + TICKS_MAX
  core.ask()
  local list = core.list()
  while has_stale(list) and skynet.now() < last do
    skynet.sleep(1)
    list = core.list()
  end
  return own(list)
end

local function one(handle)
  local last = skynet.now() + TICKS_MAX
  core.ask(handle)
  local usage = core.get(handle)
  while usage and usage.stale and skynet.now() < last do
    skynet.sleep(1)
    usage = core.get(handle)
  end
  if not usage then
    return nil, "no such service"
  end
  return usage
end

return function(addr)
  if addr == nil then
    return all()
  end
  local handle = addr
  if type(addr) == "string" then
    handle = addr:sub(1, 1) == ":" and tonumber(addr:sub(2), 16) or skynet.localname(addr)
    if not handle then
      return nil, "no such service"
    end
  end
  return one(handle)
end
