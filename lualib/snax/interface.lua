--- Reads the file of a snax service and says which methods it defines.
--
-- interface(name, G [, loader [, on_found]]) -> methods, pattern. `methods` is an array of
-- { id, group, name, func } with methods[id][1] == id: the group is "system" (init, exit, hotfix,
-- profile, always the first four, func is nil when the file has none), "accept" or "response".
-- `pattern` is the search pattern of the file. loader(path, name, G) -> main function, pattern
-- takes the place of the search; on_found(pattern) is called before the file runs.
-- The file's globals are those of the table G; it reads and writes them through a front that keeps
-- the definitions, so G itself is not touched by them. Raises when the file does not load, fails,
-- or defines something that is no method.
local skynet = require "skynet"

local SYSTEM = { "init", "exit", "hotfix", "profile" }

--- The built-in loader: the first file along the patterns of `path` that compiles.
local function load_along(path, name, G)
  if not path then
    error("please set snax in config file", 0)
  end
  local problems = {}
  for pattern in path:gmatch "[^;]+" do
    local file = pattern:gsub("%?", function() return name end)
    local main, err = loadfile(file, nil, G)
    if main then
      return main, pattern
    end
    problems[#problems + 1] = err
  end
  error(table.concat(problems, "\n"), 0)
end

local function check_function(func, what, level)
  if type(func) ~= "function" then
    error(what, level + 1)
  end
end

--- What the file sees as `accept` or `response`: functions can be put in, and never be read.
local function new_group(methods, group)
  local is_defined = {}
  return setmetatable({}, { __newindex = function(_, name, func)
    if type(name) ~= "string" then
      error(group .. " method only support string", 2)
    end
    check_function(func, ("%s.%s must be function"):format(group, name), 2)
    if is_defined[name] then
      error(("%s.%s duplicate definition"):format(group, name), 2)
    end
    is_defined[name] = true
    local id = #methods + 1
    methods[id] = { id, group, name, func }
  end })
end

--- The front of G for the file, and a function that makes it let everything through.
local function new_front(methods, G)
  local system = {}
  for id, name in ipairs(SYSTEM) do
    methods[id] = { id, "system", name }
    system[name] = methods[id]
  end
  local groups = {
    accept = new_group(methods, "accept"),
    response = new_group(methods, "response"),
  }
  local front = setmetatable({}, {
    __index = function(_, name)
      return groups[name] or G[name]
    end,
    __newindex = function(_, name, value)
      local method = system[name]
      if method then
        check_function(value, name .. " must be a function", 2)
        method[4] = value
      else
        G[name] = value
      end
    end,
    __pairs = function()
      return pairs(G)
    end,
    __metatable = "the environment of a snax service while it is defined",
  })
  return front, function()
    groups, system = {}, {}
  end
end

--- From now on the function uses G directly.
local function detach(f, front, G)
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name then
      return
    end
    if rawequal(value, front) then
      debug.setupvalue(f, i, G)
    end
    i = i + 1
  end
end

return function(name, G, loader, on_found)
  local methods = {}
  local front, open = new_front(methods, G)
  local main, pattern = (loader or load_along)(skynet.getenv "snax", name, front)
  if on_found then
    on_found(pattern)
  end
  main()
  open()
  detach(main, front, G)
  for _, method in ipairs(methods) do
    if method[4] then
      detach(method[4], front, G)
    end
  end
  return methods, pattern
end
