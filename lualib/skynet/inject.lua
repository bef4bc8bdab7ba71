--- Runs source text inside a service, with its internals at hand: the RUN command of skynet.debug.
local FUNCTION_COUNT_MAX = 10000  -- functions searched for upvalues

--- Adds the table-valued upvalues that are reachable from f through function upvalues.
local function collect(f, tables, seen)
  if seen[f] or seen.count > FUNCTION_COUNT_MAX then
    return
  end
  seen[f] = true
  seen.count = seen.count + 1
  local i = 1
  while true do
    local name, value = debug.getupvalue(f, i)
    if name == nil then
      return
    end
    if type(value) == "table" and tables[name] == nil and name ~= "_ENV" then
      tables[name] = value
    elseif type(value) == "function" then
      collect(value, tables, seen)
    end
    i = i + 1
  end
end

local function tables_of(...)
  local tables, seen = {}, { count = 0 }
  for _, f in ipairs { ... } do
    collect(f, tables, seen)
  end
  return tables
end

--- name of a protocol -> tables reachable from its dispatch function
local function tables_of_protocols(skynet)
  local result = {}
  for name, protocol in pairs(skynet._proto) do
    if type(name) == "string" and protocol.dispatch then
      result[name] = tables_of(protocol.dispatch)
    end
  end
  return result
end

local function new_print(output)
  return function(...)
    local words = table.pack(...)
    for i = 1, words.n do
      words[i] = tostring(words[i])
    end
    output[#output + 1] = table.concat(words, "\t")
  end
end

local function describe(err)
  return debug.traceback(tostring(err), 2)
end

--- inject(skynet, source, filename, args, func...) -> ok, lines
return function(skynet, source, filename, args, ...)
  local output = {}
  local env = setmetatable({
    print = new_print(output),
    _U = tables_of(...),
    _P = tables_of_protocols(skynet),
  }, { __index = _G })
  local chunk, err = load(source, filename and "@" .. filename or "=(load)", "bt", env)
  if not chunk then
    return false, { err }
  end
  local ok
  ok, err = xpcall(chunk, describe, table.unpack(args, 1, args.n))
  if not ok then
    output[#output + 1] = err
  end
  return ok, output
end
