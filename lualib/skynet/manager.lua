--- Functions that act on other services: launch, kill, names, monitor. Extends the module skynet.
local skynet = require "skynet"
local core = require "skynet.core"

function skynet.launch(...)
  local text = table.concat({ ... }, " ")
  return core.addresscommand("LAUNCH", text)
end

local function check_text(text, what)
  if type(text) ~= "string" then
    error(("%s must be a string, not a %s"):format(what, type(text)), 3)
  end
end

local function handle_of(addr)
  if type(addr) == "number" then
    return addr
  elseif type(addr) ~= "string" then
    error(("an address must be a string or number, not a %s"):format(type(addr)), 3)
  elseif addr:sub(1, 1) == ":" then
    return tonumber(addr:sub(2), 16)
  elseif addr:sub(1, 1) == "." then
    return skynet.localname(addr)
  end
end

function skynet.kill(addr)
  local handle = handle_of(addr)
  if not handle then
    core.command("KILL", tostring(addr))
    return
  end
  skynet.send(".launcher", "lua", "REMOVE", handle, true)
  core.command("KILL", skynet.address(handle))
end

function skynet.abort()
  core.command "ABORT"
end

local function register_global(name, handle)
  local first = name:sub(1, 1)
  assert(#name >= 1 and #name <= 15 and first ~= ":" and not tonumber(name),
    "assertion failed! (a global name)")
  skynet.send(".cslave", "lua", "REGISTER", name, handle)
end

function skynet.register(name)
  check_text(name, "a name")
  if name:sub(1, 1) == "." then
    core.command("REG", name)
  else
    register_global(name, skynet.self())
  end
end

function skynet.name(name, addr)
  check_text(name, "a name")
  local handle = assert(handle_of(addr), "assertion failed! (an address)")
  if name:sub(1, 1) == "." then
    core.command("NAME", name .. " " .. skynet.address(handle))
  else
    register_global(name, handle)
  end
end

function skynet.monitor(name, query)
  local handle
  if query then
    handle = skynet.queryservice(true, name)
  else
    handle = skynet.uniqueservice(true, name)
  end
  assert(handle, "Monitor launch failed")
  core.command("MONITOR", skynet.address(handle))
  return handle
end

local function start_with(callback, keeps, start)
  core.callback(callback, keeps)
  skynet.timeout(0, function()
    skynet.init_service(start)
  end)
end

--- Messages of a type in `map` are dispatched as map[type], and are the handler's to pass on or to
-- free. What no handler got to see is freed here.
function skynet.forward_type(map, start)
  start_with(function(type, msg, sz, ...)
    local mapped = map[type]
    local is_taken, err = core.feed(mapped or type, msg, sz, ...)
    if not (mapped and is_taken) then
      core.trash(msg, sz)
    end
    if err then
      error(err, 0)
    end
  end, true, start)
end

--- Tells the caller of a request that did not get to the dispatcher.
local function refuse(request)
  local is_request = request.type ~= skynet.PTYPE_RESPONSE and request.type ~= skynet.PTYPE_ERROR
  if is_request and request.session ~= 0 and request.source ~= 0 then
    core.send(request.source, skynet.PTYPE_ERROR, request.session, "")
  end
end

--- Every message goes through f(type, msg, sz, session, source) first, which returns all five. If
-- it raises, or returns something else, the caller of a request is told; the error is in the log.
function skynet.filter(f, start)
  local request = setmetatable({ session = 0 }, { __close = refuse })
  start_with(function(type, msg, sz, session, source)
    request.type, request.session, request.source = type, session, source
    local _ <close> = request
    local _, err = core.feed(f(type, msg, sz, session, source))
    request.session = 0
    if err then
      error(err, 0)
    end
  end, false, start)
end

return skynet
