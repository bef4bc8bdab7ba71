--- Runs source text as if it stood inside a function that is on the stack.
--
-- injectcode(source [, co [, level [, extra]]]) -> true, results... | false, message
-- Names are looked up as locals of that function, then its upvalues, then extra, then globals.
-- Locals are written back when the source has ended without an error.
local frame = require "skein.frame"

local function inject_into(co, source, level, extra)
  local info = debug.getinfo(co, level, "f")
  if not info then
    error("bad argument #3 to 'injectcode' (level out of range)", 3)
  end
  local locals = frame.read_locals(function(i) return debug.getlocal(co, level, i) end)
  local function is_same()
    local now = coroutine.status(co) ~= "dead" and debug.getinfo(co, level, "f")
    return now and now.func == info.func
  end
  return frame.write_back(locals, is_same, function(i, value)
    debug.setlocal(co, level, i, value)
  end, frame.run(source, info.func, locals, extra))
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
  local locals = frame.read_locals(function(i)
    local name, value = debug.getlocal(depth, i)
    return name, value
  end)
  local result = table.pack(frame.write_back(locals, function() return true end, function(i, value)
    debug.setlocal(depth, i, value)
  end, frame.run(source, info.func, locals, extra)))
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
