--- Source text run with the names of a function that is on a stack: for skynet.injectcode and the
-- remote debugger.
local frame = {}

--- The locals of a frame: index (name -> number), value (number -> value), and varargs.
-- `get(i)` is debug.getlocal for that frame; it is called from here, one level up the stack.
function frame.read_locals(get)
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

--- Writes the locals back if `is_same()`, which tells whether the frame still belongs to the
-- function. `set(i, value)` is debug.setlocal for that frame. Then come the results of run, which
-- are passed on.
function frame.write_back(locals, is_same, set, ok, ...)
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

--- Runs the source with the names that the function f sees in the frame: ok, results or message.
-- May block. The locals are changed in the table `locals` only.
function frame.run(source, f, locals, extra)
  local scope = new_scope(f, locals, extra)
  local chunk, err = load(source, "=(debug)", "t", scope)
  if not chunk then
    return false, err
  end
  return pcall(chunk, table.unpack(locals.varargs, 1, locals.varargs.n))
end

return frame
