--- Runs a snax service: `snaxd NAME`. Reads its file and dispatches messages to its functions.
--
-- There may be thousands of these, so modules that not every service needs are not loaded, or let
-- go when they have done their work.
local skynet = require "skynet"
local core = require "skynet.core"

local name = ...
local methods    -- id -> { id, group, name, func }
local accounts   -- id -> number of the account of the method's name
local state = "new"  -- then "initialising", "ready", "exiting"
local is_open = false  -- its methods may be called: init has returned

--- Globals and package.path for a file that was found through the pattern.
local function set_service_path(pattern)
  local front = pattern and pattern:match "^(.-)%?"
  if front then
    rawset(_G, "SERVICE_PATH", front .. name .. "/")
    package.path = SERVICE_PATH .. "?.lua;" .. package.path
  end
end

--- Runs the file. The module that reads it is loaded again by who needs it later.
local function read_methods()
  local read_interface = require "snax.interface"
  local loader = skynet.getenv "snax_loader"
  local list = read_interface(name, _G, loader and dofile(loader), set_service_path)
  package.loaded["snax.interface"] = nil
  return list
end

skynet.register_protocol {
  name = "snax",
  id = skynet.PTYPE_SNAX,
  pack = skynet.pack,
  unpack = skynet.unpack,
}
rawset(_G, "SERVICE_NAME", name)
methods = read_methods()

-- ---- statistics: one account a name ----

local account_names = {}

accounts = {}
do
  local numbers = {}
  for id, method in ipairs(methods) do
    local key = method[3]
    if method[2] ~= "system" then
      if not numbers[key] then
        account_names[#account_names + 1] = key
        numbers[key] = #account_names
      end
      accounts[id] = numbers[key]
    end
  end
end

local function profile()
  local info = {}
  for number, key in ipairs(account_names) do
    local count, seconds = core.charged(number)
    if count > 0 then
      info[key] = { count = count, time = seconds }
    end
  end
  return info
end

-- ---- the methods that every service has ----

local system = {}

local stop_mt = { __close = function(guard)
  if not guard.is_done then
    skynet.fork(skynet.exit)
  end
end }

--- When the file's init fails, is killed or returns what cannot be sent, the service stops.
function system.init(...)
  if state ~= "new" then
    error "Already init"
  end
  state = "initialising"
  local guard <close> = setmetatable({}, stop_mt)
  local init = methods[1][4]
  local results = init and table.pack(init(...)) or { n = 0 }
  state, is_open = "ready", true
  skynet.retpack(table.unpack(results, 1, results.n))
  guard.is_done = true
end

local reopen_mt = { __close = function()
  state = "ready"
end }

--- An exit function that fails leaves the service running, and its caller knows.
local function run_exit(...)
  local _ <close> = setmetatable({}, reopen_mt)
  local exit = methods[2][4]
  if exit then
    exit(...)
  end
end

function system.exit(...)
  if state == "exiting" then
    error "Already exiting"
  elseif state ~= "ready" then
    error "Never init"
  end
  state = "exiting"
  run_exit(...)
  skynet.retpack()
  skynet.exit()
end

function system.hotfix(source, ...)
  skynet.retpack(require "snax.hotfix"(methods, source, ...))
end

function system.profile()
  skynet.retpack(profile())
end

-- ----

local charge, retpack = core.charge, skynet.retpack

skynet.dispatch("snax", function(session, _, id, ...)
  local method, account = methods[id], accounts[id]
  if not account then
    if not method then
      error(("Invalid method id %s of %s"):format(tostring(id), name))
    end
    return system[method[3]](...)
  elseif not is_open then
    error "Init first"
  end
  charge(account)
  if method[2] == "response" then
    retpack(method[4](...))
    return
  end
  method[4](...)
  if session ~= 0 then
    retpack()  -- an accept method that was called
  end
end)

skynet.info_func(profile)

skynet.start(function() end)
