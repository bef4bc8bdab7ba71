--- Replaces functions of a running snax service: see docs/snax.md for the rules.
--
-- hotfix(methods, source, ...) -> true, results of the patch's hotfix function | false, message.
-- `methods` is what snax.interface returned for the service. All that can be checked is checked
-- before the first function is replaced. May yield where the patch's hotfix function does.
local interface = require "snax.interface"

--- Calls visit(index, name, value) for each upvalue of a Lua function.
local function each_upvalue(f, visit)
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if not name or name == "" then  -- those of C functions have no names
      return
    end
    visit(i, name, value)
    i = i + 1
  end
end

--- The identity of the variable _ENV that the function uses, or nil.
local function env_of(f)
  local id
  each_upvalue(f, function(i, name)
    if name == "_ENV" then
      id = debug.upvalueid(f, i)
    end
  end)
  return id
end

--- Adds the variables of f, and of the functions in them that belong to the service, to
-- variables[name] = { id, function, index }.
local function collect(f, envs, variables, seen)
  if seen[f] then
    return
  end
  seen[f] = true
  each_upvalue(f, function(i, name, value)
    local id = debug.upvalueid(f, i)
    local known = variables[name]
    if known and known[1] ~= id then
      error("ambiguity local value " .. name, 0)
    end
    variables[name] = known or { id, f, i }
    if type(value) == "function" then
      local env = env_of(value)
      if env and envs[env] then
        collect(value, envs, variables, seen)
      end
    end
  end)
end

local function variables_of(methods)
  local envs, variables, seen = {}, {}, {}
  for _, method in ipairs(methods) do
    local env = method[4] and env_of(method[4])
    if env then
      envs[env] = true
    end
  end
  for _, method in ipairs(methods) do
    if method[4] then
      collect(method[4], envs, variables, seen)
    end
  end
  if not variables._ENV then
    local function user()
      return _ENV
    end
    variables._ENV = { debug.upvalueid(user, 1), user, 1 }
  end
  return variables
end

--- Makes the patch's empty variables, in f and in the functions of the patch that it uses, the
-- service's variables of the same names.
local function join(f, chunk_name, variables, seen)
  if seen[f] then
    return
  end
  seen[f] = true
  each_upvalue(f, function(i, name, value)
    local variable = variables[name]
    if value == nil or name == "_ENV" then
      if variable then
        debug.upvaluejoin(f, i, variable[2], variable[3])
      end
    elseif type(value) == "function" and debug.getinfo(value, "S").source == chunk_name then
      join(value, chunk_name, variables, seen)
    end
  end)
end

local environment  -- a copy of the globals, made by the first hotfix; patches define theirs in it
local patch_count = 0

local function copy_of(t)
  local copy = {}
  for k, v in pairs(t) do
    copy[k] = v
  end
  return copy
end

--- Runs the source: the methods it defines, and the name of its chunk, which no other has.
local function read_patch(source)
  environment = environment or copy_of(_G)
  patch_count = patch_count + 1
  local chunk_name = patch_count == 1 and "=patch" or "=patch " .. patch_count
  local methods = interface("patch", environment, function(_, _, G)
    local main, err = load(source, chunk_name, "t", G)
    if not main then
      error(err, 0)
    end
    return main
  end)
  return methods, chunk_name
end

local function find(methods, group, name)
  for _, method in ipairs(methods) do
    if method[2] == group and method[3] == name then
      return method
    end
  end
  error(("Patch mismatch %s.%s"):format(group, name), 0)
end

local function apply(methods, source, ...)
  if type(source) ~= "string" then
    error("patch of a snax service: a string expected", 0)
  end
  local patch, chunk_name = read_patch(source)
  local variables = variables_of(methods)
  local targets, seen, on_patched = {}, {}, nil
  for _, method in ipairs(patch) do
    if method[4] then
      targets[method] = find(methods, method[2], method[3])
    end
  end
  for method, target in pairs(targets) do
    join(method[4], chunk_name, variables, seen)
    if method[3] == "hotfix" and method[2] == "system" then
      on_patched = method[4]  -- for this patch only
    else
      target[4] = method[4]
    end
  end
  if on_patched then
    return on_patched(...)
  end
end

return function(methods, source, ...)
  return pcall(apply, methods, source, ...)
end
