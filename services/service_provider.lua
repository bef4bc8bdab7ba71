--- Starts services that are made of a function, one per name: see skynet.service.
local skynet = require "skynet"
require "skynet.manager"

local entries = {}  -- name -> { handle, args, time, is_booting, error, waiters }
local command = {}

local function new_entry(name)
  local entry = { waiters = {} }
  entries[name] = entry
  return entry
end

local function wake_all(entry)
  for _, token in ipairs(entry.waiters) do
    skynet.wakeup(token)
  end
  entry.waiters = {}
end

local function handle_of(entry)
  if entry.error then
    error(entry.error, 0)
  end
  return entry.handle
end

local function wait_for(entry)
  while entry.is_booting or not (entry.handle or entry.error) do
    local token = {}
    table.insert(entry.waiters, token)
    skynet.wait(token)
  end
  return handle_of(entry)
end

local function texts(...)
  local words = table.pack(...)
  for i = 1, words.n do
    words[i] = tostring(words[i])
  end
  return table.concat(words, ",")
end

local function boot(entry, name, code, ...)
  entry.handle = assert(skynet.newservice("service_cell", name))
  skynet.call(entry.handle, "lua", "init", code, ...)
end

function command.test(name)
  local entry = entries[name]
  if not entry then
    return skynet.ret()
  elseif entry.is_booting then
    return skynet.retpack(nil, true)
  elseif not (entry.handle or entry.error) then
    return skynet.ret()  -- only asked for
  end
  skynet.retpack(handle_of(entry))
end

function command.launch(name, code, ...)
  local entry = entries[name] or new_entry(name)
  if not (entry.is_booting or entry.handle or entry.error) then
    entry.is_booting = true
    entry.args, entry.time = texts(...), os.time()
    local ok, err = pcall(boot, entry, name, code, ...)
    entry.is_booting = false
    if not ok then
      entry.error = tostring(err)
      if entry.handle then
        skynet.kill(entry.handle)
        entry.handle = nil
      end
    end
    wake_all(entry)
  end
  skynet.retpack(wait_for(entry))
end

function command.query(name)
  skynet.retpack(wait_for(entries[name] or new_entry(name)))
end

function command.close(name)
  local entry = entries[name]
  if not entry or entry.is_booting then
    return skynet.ret()
  end
  entries[name] = nil
  if entry.handle then
    return skynet.retpack(entry.handle)
  end
  entry.error = entry.error or ("service " .. name .. " was closed before it was started")
  wake_all(entry)
  skynet.ret()
end

local function status_of(entry)
  if #entry.waiters > 0 then
    return ("waiting(%d)"):format(#entry.waiters)
  end
  return entry.is_booting and "booting" or nil
end

skynet.info_func(function()
  local info = {}
  for name, entry in pairs(entries) do
    info[entry.handle and skynet.address(entry.handle) or name] = {
      name = name,
      init = entry.args,
      time = entry.time and os.date("%Y %b %d %H:%M:%S %z", entry.time),
      status = status_of(entry),
    }
  end
  return info
end)

skynet.start(function()
  skynet.dispatch("lua", function(_, source, cmd, ...)
    local f = command[cmd]
    if not f then
      error("Invalid command " .. tostring(cmd))
    end
    assert(cmd ~= "launch" or not select(2, skynet.harbor(source)), "launch from another node")
    f(...)
  end)
end)
