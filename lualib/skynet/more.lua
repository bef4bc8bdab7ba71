--- The part of the module skynet that is off the message path, in Lua.
--
-- Called once with the module table, when a name is asked for that the C part does not have.
local skynet = ...

skynet.pcall = pcall

function skynet.newservice(name, ...)
  return skynet.call(".launcher", "lua", "LAUNCH", "snlua", name, ...)
end

function skynet.uniqueservice(global, ...)
  if global == true then
    return assert(skynet.call(".service", "lua", "GLAUNCH", ...))
  end
  return assert(skynet.call(".service", "lua", "LAUNCH", global, ...))
end

function skynet.queryservice(global, ...)
  if global == true then
    return assert(skynet.call(".service", "lua", "GQUERY", ...))
  end
  return assert(skynet.call(".service", "lua", "QUERY", global, ...))
end

function skynet.request(first)
  return require "skynet.request"(first)
end

function skynet.task(arg)
  return require "skynet.task".task(arg)
end

function skynet.uniqtask()
  return require "skynet.task".uniqtask()
end

local info_func
function skynet.info_func(f)
  info_func = f
end

function skynet.internal_info_func()
  return info_func
end

-- Functions of skynet.manager work without it, too: the first use brings the module in.
for _, name in ipairs { "launch", "kill", "abort", "register", "name", "monitor" } do
  if rawget(skynet, name) == nil then
    skynet[name] = function(...)
      require "skynet.manager"
      return skynet[name](...)
    end
  end
end

--- The constructor of skynet.queue.
function skynet.queue()
  return require "skynet.queue"()
end

skynet.cache = require "skynet.codecache"
skynet.coroutine = require "skynet.coroutine"
