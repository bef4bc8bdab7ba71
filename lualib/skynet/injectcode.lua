--- Runs source text as if it stood inside a function that is on the stack.
--
-- injectcode(source [, co [, level [, extra]]]) -> true, results... | false, message
-- Names are looked up as locals of that function, then its upvalues, then extra, then globals.
-- Locals are written back when the source has ended without an error.

--- The names of locals of a frame: name -> index and index -> value, and its varargs.
-- `get(i)` is debug.getlocal for that frame.
local function read_locals(get)
  local locals = { index = {}, value = {}, varargs = { n = 0 } }
  local i = 1
  while true do
    local name, value = get(i)
    if not name then
      break
    end
    if name:sub(1, 1) ~= "(" then
      locals.index[name] = i  -- the last one of a name is the visible one
      locals.value[i] = value
    end
    i = i + 1
  end
  i = 1
  while true do
    local name, value = get(-i)
    if not name then
      break
    end
    locals.varargs[i] = value
    locals.varargs.n = i
    i = i + 1
  end
  return locals
end

local function read_upvalues(f)
  local index = {}
  local i = 1
  while true do
    local name = debug.getupvalue(f, i)
    if not name then
      return index
    end
    if name ~= "" then
      index[name] = i
    end
    i = i + 1
  end
end

--- The environment of the function: its _ENV, or the globals.
local function env_of(f, locals, upvalues)
  local env
  if locals.index._ENV then
    env = locals.value[locals.index._ENV]
  elseif upvalues._ENV then
    env = select(2, debug.getupvalue(f, upvalues._ENV))
  end
  return env or _G
end

--- A table whose fields are the names that the function sees.
local function new_scope(f, locals, extra)
  local upvalues = read_upvalues(f)
  local env = env_of(f, locals, upvalues)
  return setmetatable({}, {
    __index = function(_, name)
      if locals.index[name] then
        return locals.value[locals.index[name]]
      elseif upvalues[name] then
        return (select(2, debug.getupvalue(f, upvalues[name])))
      elseif extra and extra[name] ~= nil then
        return extra[name]
      end
      return env[name]
    end,
    __newindex = function(_, name, value)
      if locals.index[name] then
        locals.value[locals.index[name]] = value
      elseif upvalues[name] then
        debug.setupvalue(f, upvalues[name], value)
      else
        env[name] = value
      end
    end,
  })
end

--- Writes the locals back if the frame still belongs to the function. `set` is debug.setlocal.
local function write_back(locals, is_same, set, ok, ...)
  if not ok then
    return false, tostring((...))
  end
  if is_same() then
    for _, i in pairs(locals.index) do
      set(i, locals.value[i])
    end
  end
  return true, ...
end

local function run(source, f, locals, extra)
  local scope = new_scope(f, locals, extra)
  local chunk, err = load(source, "=(debug)", "t", scope)
  if not chunk then
    return false, err
  end
  return pcall(chunk, table.unpack(locals.varargs, 1, locals.varargs.n))
end

local function inject_into(co, source, level, extra)
  local info = debug.getinfo(co, level, "f")
  if not info then
    error("bad argument #3 to 'injectcode' (level out of range)", 3)
  end
  local locals = read_locals(function(i) return debug.getlocal(co, level, i) end)
  local function is_same()
    local now = coroutine.status(co) ~= "dead" and debug.getinfo(co, level, "f")
    return now and now.func == info.func
  end
  return write_back(locals, is_same, function(i, value)
    debug.setlocal(co, level, i, value)
  end, run(source, info.func, locals, extra))
end

-- From a closure that read_locals or write_back calls up to the caller: these three, the exported
-- function, and one because levels count from the function that asks. No tail calls between.
local CLOSURE_DEPTH = 5

local function inject_here(source, level, extra)
  local info = debug.getinfo(level + 3, "f")
  if not info then
    error("bad argument #3 to 'injectcode' (level out of range)", 3)
  end
  local depth = level + CLOSURE_DEPTH
  local locals = read_locals(function(i)
    local name, value = debug.getlocal(depth, i)
    return name, value
  end)
  local result = table.pack(write_back(locals, function() return true end, function(i, value)
    debug.setlocal(depth, i, value)
  end, run(source, info.func, locals, extra)))
  return table.unpack(result, 1, result.n)
end

return function(source, co, level, extra)
  level = level or 0
  if co and co ~= coroutine.running() then
    return inject_into(co, source, level, extra)
  end
  local result = table.pack(inject_here(source, level, extra))
  return table.unpack(result, 1, result.n)
end
