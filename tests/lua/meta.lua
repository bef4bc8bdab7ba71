-- meta.lua -- the editor stubs of lualib/meta name what the modules have, no less and no more.
local skynet = require "skynet"

-- Public by their name, and yet not for programs; "MODULE.NAME" with the reason.
local INTERNAL = {
  ["skynet.internal_info_func"] = "for skynet.debug",
  ["skynet.core.debug_frequent"] = "for skynet.debug",
}

-- Files of the library that programs do not require, with the reason.
local INTERNAL_MODULES = {
  ["skynet.more"] = "part of skynet",
  ["skynet.request"] = "part of skynet",
  ["skynet.task"] = "part of skynet",
  ["skynet.select.core"] = "part of skynet",
  ["skynet.socket.core"] = "part of skynet.socket",
  ["skein.frame"] = "part of skynet.injectcode and the debugger",
  ["skein.memory"] = "part of skein",
  ["skein.memory.core"] = "part of skein",
  ["skein.link"] = "part of skein",
  ["skein.link.core"] = "part of skein",
  ["skein.waits"] = "part of skein",
  ["skein.waitgraph"] = "part of the debug console",
  ["skein.console"] = "folder of the debug console",
}

-- Classes with methods: how an object of each is made.
local OBJECTS = {
  ["skynet.request_set"] = function() return skynet.request() end,
  ["skynet.fifo"] = function() return require "skynet.queue".create() end,
  ["skein.supervisor_object"] = function() return require "skein.supervisor".start {} end,
  ["skynet.debugchannel.channel"] = function() return (require "skynet.debugchannel".create()) end,
}

local function complain(...)
  print(("%s: %s"):format(...))
end

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local list = {}
  for line in pipe:lines() do
    list[#list + 1] = line
  end
  pipe:close()
  return list
end

-- How many parameters with names a function has, and whether others may follow.
local function parameters_of(words, is_method)
  local count = is_method and 1 or 0
  for _ in words:gmatch "[%w_]+" do
    count = count + 1
  end
  return { count = count, is_vararg = words:find("...", 1, true) ~= nil }
end

-- What a stub declares: name, parent, classes (local name -> { class, functions, constants }), and
-- the local that it returns.
local function read_stub(path)
  local stub = { classes = {} }
  local class
  for line in io.lines(path) do
    local name, parent = line:match "^%-%-%-@class ([%w_.]+):? ?([%w_.]*)$"
    if name then
      class = { name = name, parent = parent ~= "" and parent or nil, functions = {}, values = {} }
    end
    local owner = line:match "^local ([%w_]+) = {}$"
    if owner then
      stub.classes[owner] = class
    end
    local of, sign, func, words = line:match "^function ([%w_]+)([.:])([%w_]+)%((.*)%) end$"
    if of then
      stub.classes[of].functions[func] = parameters_of(words, sign == ":")
    end
    local table_name, key, value = line:match "^([%w_]+)%.([%w_]+) = (%S+)"
    if table_name then
      stub.classes[table_name].values[key] = value
    end
    stub.name = stub.name or line:match "^%-%-%-@meta (.+)$"
    stub.is_function = stub.is_function or line:match "^local function" ~= nil
    stub.result = stub.result or line:match "^return ([%w_]+)$"
  end
  return stub
end

local function is_callable(v)
  return type(v) == "function" or (getmetatable(v) or {}).__call ~= nil
end

-- A function in Lua has the parameters of its stub; what it takes as ... may have names there.
local function check_parameters(class, name, f)
  local stub, info = class.functions[name], debug.getinfo(f, "Su")
  if info.what ~= "Lua" then
    return
  end
  local is_same = stub.count == info.nparams and not stub.is_vararg
  if info.isvararg then
    is_same = stub.count >= info.nparams
  end
  if not is_same then
    complain(class.name, ("%s has %d parameters%s, not those of the stub"):format(name,
      info.nparams, info.isvararg and " and more" or ""))
  end
end

-- Each name of the class is there. `get` may fail for what an object does not have.
local function check_declared(class, object)
  for name in pairs(class.functions) do
    local ok, value = pcall(function() return object[name] end)
    if not ok or not is_callable(value) then
      complain(class.name, "the stub has a function that does not exist: " .. name)
    elseif type(value) == "function" then
      check_parameters(class, name, value)
    end
  end
  for name, text in pairs(class.values) do
    local value = object[name]
    if value == nil or (text ~= "nil" and tostring(value) ~= text) then
      complain(class.name, ("%s is %s, the stub says %s"):format(name, tostring(value), text))
    end
  end
end

-- Each function and constant of the table is in the class.
local function check_complete(class, t)
  for name, value in pairs(t) do
    local is_public = type(name) == "string" and name:sub(1, 1) ~= "_"
    local is_declared = class.functions[name] or class.values[name]
    if is_public and not is_declared and not INTERNAL[class.name .. "." .. name] then
      complain(class.name, ("no stub for the %s %s"):format(type(value), name))
    end
  end
end

local function check_object(class)
  local make = OBJECTS[class.name]
  if not make then
    return complain(class.name, "has methods, and the test does not know how to make one")
  end
  local object = make()
  check_declared(class, object)
  check_complete(class, assert(getmetatable(object).__index))
end

local function check_module(stub)
  local module = require(stub.name)
  if stub.is_function then
    if not is_callable(module) then
      complain(stub.name, "is no function")
    end
    return
  end
  for owner, class in pairs(stub.classes) do
    if owner ~= stub.result then
      check_object(class)
    elseif class.parent then
      if module ~= require(class.parent) then
        complain(stub.name, "is not the table of " .. class.parent)
      end
    else
      check_declared(class, module)
      check_complete(class, module)
    end
  end
end

-- The modules in C, from the table of the loader.
local function check_c_modules(stubs)
  local count = 0
  for line in io.lines "src/lua/loader.c" do
    local name = line:match '^    {"([%w.]+)", [%w_]*open_%w+},$'
    count = count + (name and 1 or 0)
    if name and not stubs[name] and not INTERNAL_MODULES[name] then
      complain(name, "a module without a stub")
    end
  end
  if count == 0 then
    complain("src/lua/loader.c", "no modules found")
  end
end

local function check_files(stubs)
  for _, path in ipairs(lines_of "find lualib -name '*.lua' -not -path 'lualib/meta/*'") do
    local name = path:match "^lualib/(.*)%.lua$":gsub("/", ".")
    local top = name:match "^[^.]+%.[^.]+" or name
    if not stubs[name] and not INTERNAL_MODULES[name] and not INTERNAL_MODULES[top] then
      complain(name, "a module without a stub")
    end
  end
end

-- Names that are listed and need not be hide the next mistake.
local function check_exceptions(stubs)
  for name in pairs(INTERNAL) do
    local module, key = name:match "^(.*)%.(.-)$"
    if require(module)[key] == nil then
      complain(name, "is listed as internal, and is not there")
    end
  end
  for name in pairs(INTERNAL_MODULES) do
    if stubs[name] then
      complain(name, "is listed as internal, and has a stub")
    end
  end
end

local function check_all()
  local stubs, count = {}, 0
  for _, path in ipairs(lines_of "ls lualib/meta/*.lua") do
    local stub = read_stub(path)
    stubs[stub.name] = true
    count = count + 1
    check_module(stub)
  end
  check_files(stubs)
  check_c_modules(stubs)
  check_exceptions(stubs)
  print(count > 15 and "stubs checked" or "where are the stubs?")  -- expect: stubs checked
end

skynet.start(function()
  local ok, err = xpcall(check_all, debug.traceback)
  if not ok then
    print(err)
  end
  skynet.abort()
end)
