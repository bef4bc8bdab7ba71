--- snax: services whose functions are called by name. See docs/snax.md.
--
-- Objects stand for services: obj.req.NAME(...) calls, obj.post.NAME(...) sends, obj.handle and
-- obj.type tell which it is. All functions here raise on failure; those that talk to a service
-- may yield, unless they say otherwise.
local skynet = require "skynet"
local core = require "skynet.core"

local snax = {}

local SYSTEM = { init = 1, exit = 2, hotfix = 3, profile = 4 }

local call, send = skynet.call, skynet.send

if not skynet._proto.snax then  -- snaxd has done it
  skynet.register_protocol {
    name = "snax",
    id = skynet.PTYPE_SNAX,
    pack = skynet.pack,
    unpack = skynet.unpack,
  }
end

-- ---- interfaces ----

local classes = {}  -- name -> class
local interface_globals

--- What the main chunk of a service sees where its interface is read.
local function globals_of_interfaces()
  local module = skynet.getenv "snax_interface_g"
  if not module then
    return { require = function() end }
  end
  local globals = require(module)
  if type(globals) ~= "table" or getmetatable(globals) ~= nil then
    error(("snax_interface_g: %s is not a plain table"):format(module), 0)
  end
  for _, name in ipairs { "init", "exit", "accept", "response" } do
    if globals[name] ~= nil then
      error(("snax_interface_g: %s must not define %s"):format(module, name), 0)
    end
  end
  return globals
end

--- The class of the service with this name: { name, accept, response, system }, each of the last
-- three a table from method to id. Runs the service's file in an environment in which require
-- does nothing; cached. Does not yield.
-- @param name string
function snax.interface(name)
  if type(name) ~= "string" then
    error("bad argument #1 to 'interface' (string expected)", 2)
  end
  if classes[name] then
    return classes[name]
  end
  interface_globals = interface_globals or globals_of_interfaces()
  local read_interface = require "snax.interface"
  local class = { name = name, accept = {}, response = {}, system = {} }
  for _, method in ipairs(read_interface(name, interface_globals)) do
    class[method[2]][method[3]] = method[1]
  end
  classes[name] = class
  return class
end

-- ---- objects ----

local WORDS = { req = "request", post = "post" }
local GROUPS = { req = "response", post = "accept" }

local function no_such_method(kind, class, name, level)
  error(("%s %s:%s no exist"):format(WORDS[kind], class.name, tostring(name)), level + 1)
end

local function new_request(handle, id)
  return function(...)
    return call(handle, "snax", id, ...)
  end
end

local function new_post(handle, id)
  return function(...)
    send(handle, "snax", id, ...)
  end
end

local function nothing()
end

--- The table behind obj.req or obj.post. A method's function is made when it is first asked for
-- and then kept. To pack and pairs it looks empty: objects may be sent.
local function new_methods(kind, handle, class)
  local ids = class[GROUPS[kind]]
  local make = kind == "req" and new_request or new_post
  return setmetatable({}, {
    __index = function(methods, name)
      local id = ids[name]
      if not id then
        no_such_method(kind, class, name, 2)
      end
      local f = make(handle, id)
      methods[name] = f
      return f
    end,
    __pairs = function()
      return nothing
    end,
  })
end

local shapes = {}  -- class -> metatable of its objects

local function shape_of(class)
  local shape = shapes[class]
  if not shape then
    shape = {
      __name = "snax object",
      __tostring = function(obj)
        local handle = obj.handle
        return ("[%s:%s]"):format(obj.type,
          type(handle) == "number" and ("%x"):format(handle) or handle)
      end,
      __index = function(obj, kind)
        if GROUPS[kind] then
          local methods = new_methods(kind, obj.handle, class)
          rawset(obj, kind, methods)
          return methods
        end
      end,
    }
    shapes[class] = shape
  end
  return shape
end

local objects = setmetatable({}, { __mode = "v" })  -- handle -> object
local names = {}                                    -- handle -> name of its service
local name_count, sweep_count = 0, 1024

--- Forgets services that are gone, when there are twice as many names as after the last time.
local function sweep_names()
  if name_count < sweep_count then
    return
  end
  name_count = 0
  for handle in pairs(names) do
    if type(handle) ~= "number" or core.exists(handle) then
      name_count = name_count + 1
    else
      names[handle], objects[handle] = nil, nil
    end
  end
  sweep_count = math.max(2 * name_count, 1024)
end

local function forget(handle)
  if names[handle] then
    names[handle], objects[handle] = nil, nil
    name_count = name_count - 1
  end
end

--- The object of a service that runs; always the same one for a handle as long as anybody holds
-- it. Does not yield.
-- @param handle integer (an address as text works, too)
-- @param name string: of the service's file; another one than before is an error
function snax.bind(handle, name)
  if type(handle) ~= "number" and type(handle) ~= "string" then
    error("bad argument #1 to 'bind' (handle expected)", 2)
  end
  if type(handle) == "string" and handle:find "^:%x+$" then
    handle = tonumber(handle:sub(2), 16)
  end
  local known = names[handle]
  if known and known ~= name then
    error(("assertion failed! (%s is bound as %s)"):format(skynet.address(handle), known), 2)
  end
  local obj = objects[handle]
  if not obj then
    obj = setmetatable({ handle = handle, type = name }, shape_of(snax.interface(name)))
    objects[handle] = obj
    if not known then
      sweep_names()
      names[handle] = name
      name_count = name_count + 1
    end
  end
  return obj
end

--- The function of a method; `obj` is an object, or the handle of one that was bound.
local function method_of(kind, obj, name)
  if type(obj) ~= "table" then
    if not names[obj] then
      error(("snax.%s: %s is no object and no bound handle"):format(kind, tostring(obj)), 3)
    end
    obj = snax.bind(obj, names[obj])
  end
  local class = snax.interface(obj.type)
  if not class[GROUPS[kind]][name] then
    no_such_method(kind, class, name, 3)
  end
  return obj[kind][name]
end

--- As obj.req[name](...): calls, and returns the results.
-- @param obj object, or handle of a bound one
-- @param name string
function snax.req(obj, name, ...)
  return method_of("req", obj, name)(...)
end

--- As obj.post[name](...): sends. Does not yield.
-- @param obj object, or handle of a bound one
-- @param name string
function snax.post(obj, name, ...)
  method_of("post", obj, name)(...)
end

-- ---- starting and finding ----

--- Starts a service and calls its init with the values. A service whose init fails is stopped.
-- @param name string
-- @return handle
function snax.rawnewservice(name, ...)
  local class = snax.interface(name)
  local handle = skynet.newservice("snaxd", name)
  call(handle, "snax", class.system.init, ...)
  return handle
end

--- As rawnewservice; its object.
function snax.newservice(name, ...)
  return snax.bind(snax.rawnewservice(name, ...), name)
end

--- The object of the only service with this name in the process; started by the first that asks,
-- with its values.
function snax.uniqueservice(name, ...)
  snax.interface(name)
  return snax.bind(skynet.uniqueservice("snaxd", name, ...), name)
end

--- As uniqueservice, for the whole network.
function snax.globalservice(name, ...)
  snax.interface(name)
  return snax.bind(skynet.uniqueservice(true, "snaxd", name, ...), name)
end

--- The same object; waits until somebody has started the service.
function snax.queryservice(name)
  return snax.bind(skynet.queryservice("snaxd", name), name)
end

--- As queryservice, for the whole network.
function snax.queryglobal(name)
  return snax.bind(skynet.queryservice(true, "snaxd", name), name)
end

-- ---- service control ----

--- Calls the service's exit with the values; then it ends. No result.
function snax.kill(obj, ...)
  call(obj.handle, "snax", SYSTEM.exit, ...)
  forget(obj.handle)
end

--- The object of the service that asks, which is a snax service. Does not yield.
function snax.self()
  return snax.bind(skynet.self(), SERVICE_NAME)
end

--- Ends the service that asks, which is a snax service. Does not return.
function snax.exit(...)
  snax.kill(snax.self(), ...)
end

local function results_of_hotfix(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

--- Replaces functions of a running service by those of the source text; the results of the
-- source's hotfix function, which is called with the values. Raises what went wrong.
-- @param obj object
-- @param source string: in the format of a service's file
function snax.hotfix(obj, source, ...)
  return results_of_hotfix(call(obj.handle, "snax", SYSTEM.hotfix, source, ...))
end

--- How often each method has run, and the CPU time it took.
-- @param obj object
-- @return { [method] = { count = integer, time = seconds } }; methods that never ran are absent
function snax.profile_info(obj)
  return call(obj.handle, "snax", SYSTEM.profile)
end

--- Writes a formatted line to the log. Does not yield.
function snax.printf(fmt, ...)
  skynet.error(fmt:format(...))
end

--- Makes the snax service that asks accept the same messages on the protocol lua, which is how
-- they come from other nodes of a cluster. Does not yield.
function snax.enablecluster()
  local dispatch = skynet.dispatch "snax"
  if not dispatch then
    error("snax.enablecluster outside of a snax service", 2)
  end
  skynet.dispatch("lua", dispatch)
end

return snax
