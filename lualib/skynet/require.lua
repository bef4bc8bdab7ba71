--- require for service coroutines: a module's main chunk and its init functions may block.
--
-- On the main thread the stock require is used. In a coroutine a Lua file is run as a yieldable
-- function; a second coroutine that asks for a module being loaded waits for it. Called with the
-- stock require; returns { require, init, init_all }.
local stock_require = ...
local skynet = stock_require "skynet"

local M = {}
local loaded = package.loaded
local loading = {}  -- name -> { co, waiters, inits, failed }
local current = {}  -- coroutine -> the entry it loads, innermost

local function run_inits(entry)
  local i = 1
  while entry.inits[i] do
    entry.inits[i]()
    i = i + 1
  end
end

local function load_module(entry, name, path, chunk)
  local value = chunk(name, path)
  run_inits(entry)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
end

local function wake_waiters(entry)
  for _, token in ipairs(entry.waiters) do
    skynet.wakeup(token)
  end
end

local function wait_for(entry, name, co)
  local outer = entry
  while outer do
    if outer.co == co then
      error("circular dependency", 3)
    end
    outer = outer.outer
  end
  local token = {}
  entry.waiters[#entry.waiters + 1] = token
  repeat
    skynet.wait(token)
  until entry.done
  if entry.failed then
    error(("require %s failed"):format(name), 3)
  end
  return loaded[name]
end

--- The standard library first, as in package.searchers; then the paths.
local search_embedded = package.searchers[2]

local function find_chunk(name)
  local embedded, origin = search_embedded(name)
  if type(embedded) == "function" then
    return embedded, origin
  end
  local path = package.searchpath(name, package.path)
  if path then
    return loadfile(path), path
  end
end

--- The load is over, whether it succeeded, failed or its coroutine was killed.
local function finish(entry, name)
  loading[name], current[entry.co] = nil, entry.outer
  entry.done = true
  wake_waiters(entry)
end

local function load_here(name, co, path, chunk)
  local entry = { co = co, waiters = {}, inits = {}, outer = current[co], failed = true }
  loading[name], current[co] = entry, entry
  local _ <close> = setmetatable({}, { __close = function()
    finish(entry, name)
  end })
  local ok, err = xpcall(load_module, debug.traceback, entry, name, path, chunk)
  if not ok then
    error(err, 0)
  end
  entry.failed = false
  return loaded[name]
end

function M.require(name)
  local value = loaded[name]
  if value ~= nil then
    return value
  end
  local co, is_main = coroutine.running()
  if is_main then
    return stock_require(name)
  end
  local entry = loading[name]
  if entry then
    return wait_for(entry, name, co)
  end
  if package.preload[name] then
    return (stock_require(name))
  end
  local chunk, path = find_chunk(name)
  if not chunk then
    return (stock_require(name))
  end
  return load_here(name, co, path, chunk)
end

function M.init(f)
  local co, is_main = coroutine.running()
  if is_main then
    return skynet.init(f)
  end
  local entry = current[co]
  if not entry then
    error("skynet.init after skynet.start, outside of a module being loaded", 2)
  end
  entry.inits[#entry.inits + 1] = f
end

--- Kept for loaders that call it: skynet.start runs the functions of the main chunk itself.
function M.init_all()
end

return M
