--- The commands of the debug console.
--
-- Each is { usage, help, run }; run(args, line, console) returns values to be shown, or raises a
-- text. args: the words behind the command; line: all of it; console: see services/debug_console.
local skynet = require "skynet"
local core = require "skynet.core"
local render = require "skein.console.render"
require "skynet.manager"

local commands = {}

local TIMEOUT_TICKS = 300
local WAIT_TICKS = 100
local INJECT_SIZE_MAX = 1024 * 1024  -- a patch, not a program

local function add(usage, help, run)
  commands[usage:match "^%S+"] = { usage = usage, help = help, run = run }
end

-- ---- arguments ----

--- A handle from "8", "00000008" (of this harbor), ":01000008" or ".name".
local function address_of(word)
  if word and word:sub(1, 1) == "." then
    return skynet.localname(word) or error("Not a valid name", 0)
  end
  local is_full, digits = (word or ""):match "^(:?)(%x+)$"
  local handle = digits and #digits <= 8 and tonumber(digits, 16)
  if not handle or handle == 0 then
    error("Need an address", 0)
  end
  if is_full == "" and handle <= 0xffffff then
    return skynet.harbor(skynet.self()) << 24 | handle
  end
  return handle
end

--- Everything behind the first `count` words of the line.
local function rest_of(line, count)
  return line:match("^%s*" .. ("%S+%s+"):rep(count) .. "(.-)%s*$") or ""
end

--- Ticks; nil is for ever.
local function timeout_of(word, default)
  local ticks = word == nil and default or math.tointeger(tonumber(word))
  if not ticks then
    error("Need a time in ticks", 0)
  end
  return ticks > 0 and ticks or nil
end

local function flag_of(word)
  if word == nil then
    return nil
  elseif word == "on" then
    return true
  elseif word == "off" then
    return false
  end
  error("on or off expected", 0)
end

local function need(word, what)
  return word or error("Need " .. what, 0)
end

--- The name of a service that is to be started. It becomes a part of a path.
local function service_name_of(word)
  need(word, "a service name")
  for part in word:gmatch "[^/\\]+" do
    if part == ".." then
      error("Not a valid service name", 0)
    end
  end
  return word
end

-- ---- the process ----

add("help [command]", "lists the commands, or explains one", function(args)
  local name = args[1]
  if name then
    local command = commands[name]
    if not command then
      error("No command " .. name .. ", type help for command list", 0)
    end
    return ("%s\n  %s"):format(command.usage, command.help)
  end
  local list = {}
  for key, command in pairs(commands) do
    list[key] = command.usage:sub(#key + 2) .. "\t" .. command.help
  end
  return list
end)

add("list", "the services that the launcher knows", function()
  return skynet.call(".launcher", "lua", "LIST")
end)

local function ask_launcher(command)
  return function(args)
    return skynet.call(".launcher", "lua", command, timeout_of(args[1], TIMEOUT_TICKS))
  end
end

local ask_stat = ask_launcher "STAT"
add("stat [ticks]", "CPU seconds, messages, mailbox length and waiting tasks of each service",
  function(args)
    local list = ask_stat(args)
    for _, stat in pairs(list) do
      if type(stat) == "table" then
        stat.cpu = tonumber(("%.6f"):format(stat.cpu))
      end
    end
    return list
  end)
add("mem [ticks]", "size of each service's Lua heap", ask_launcher "MEM")
add("gc [ticks]", "collects the garbage of all services, then as mem", ask_launcher "GC")

add("service", "unique services, and who waits for one that is starting", function()
  return skynet.call(".service", "lua", "LIST")
end)

add("getenv name", "value of a configuration key", function(args)
  local name = need(args[1], "a name")
  return { [name] = tostring(skynet.getenv(name)) }
end)

add("setenv name value", "adds a configuration key; none can be changed", function(args, line)
  local name, value = need(args[1], "a name"), rest_of(line, 2)
  need(args[2], "a value")
  if skynet.getenv(name) then
    error("It has a value already", 0)
  end
  skynet.setenv(name, value)
end)

add("clearcache", "forgets the compiled files: new services read them again", function()
  require "skynet.codecache".clear()
end)

-- ---- starting and ending services ----

local function started(name, start, ...)
  local ok, handle = pcall(start, ...)
  if not ok then
    return "Failed"
  elseif not handle then
    return "Exit"
  end
  return { [skynet.address(handle)] = name }
end

add("start name [args]", "starts a service", function(args)
  local name = service_name_of(args[1])
  return started(name, skynet.newservice, table.unpack(args))
end)

add("log name [args]", "starts a service whose messages are recorded in a file", function(args)
  local name = service_name_of(args[1])
  return started(name, skynet.call, ".launcher", "lua", "LOGLAUNCH", "snlua", table.unpack(args))
end)

add("snax name [args]", "starts a snax service", function(args)
  local name = service_name_of(args[1])
  return started(name, function(...)
    local object = require "skynet.snax".newservice(...)
    return object and object.handle
  end, table.unpack(args))
end)

add("exit address", "asks a service to exit", function(args)
  skynet.send(address_of(args[1]), "debug", "EXIT")
end)

add("kill address", "ends a service", function(args)
  return skynet.call(".launcher", "lua", "KILL", address_of(args[1]))
end)

-- ---- one service ----

local function debug_call(address, ...)
  return skynet.call(address, "debug", ...)
end

add("info address [args]", "what the service tells about itself", function(args)
  return debug_call(address_of(args[1]), "INFO", table.unpack(args, 2))
end)

add("task address", "what the coroutines of a service wait for, and where", function(args)
  return debug_call(address_of(args[1]), "TASK")
end)

add("uniqtask address", "as task, equal ones together", function(args)
  return debug_call(address_of(args[1]), "UNIQTASK")
end)

add("killtask address thread", "ends a coroutine, named as task shows it", function(args)
  return debug_call(address_of(args[1]), "KILLTASK", need(args[2], "a thread"))
end)

add("ping address", "how long an answer takes, in ticks of 1/100 s", function(args)
  local address = address_of(args[1])
  local start = skynet.now()
  debug_call(address, "PING")
  return skynet.now() - start
end)

add("call address values", 'sends a Lua request, such as: call 8 "add", 5; shows the answer',
  function(args, line)
    local address = address_of(args[1])
    local source = rest_of(line, 2)
    if not args[2] then
      error("need arguments", 0)
    end
    local chunk = load("return " .. source, "=(call)", "t", {})
    local values = table.pack(pcall(chunk or error))
    if not (chunk and values[1]) then
      error("Invalid arguments", 0)
    end
    return table.pack(skynet.call(address, "lua", table.unpack(values, 2, values.n)))
  end)

local function read_file(path)
  local file = io.open(path, "rb")
  local source, err
  if file then
    source, err = file:read(INJECT_SIZE_MAX + 1)
    file:close()
  end
  if not file or err then
    error("Can't open " .. path, 0)
  elseif #(source or "") > INJECT_SIZE_MAX then
    error("Can't open " .. path .. " (it is too large)", 0)
  end
  return source or ""
end

add("inject address file [args]", "runs a file inside the service, and shows what it prints",
  function(args)
    local address = address_of(args[1])
    local path = need(args[2], "a file")
    local source = read_file(path)
    local ok, output = debug_call(address, "RUN", source, path, table.unpack(args, 3))
    if not ok then
      error(output, 0)
    end
    return output
  end)

add("dbgcmd address command [args]", "any command of the debug protocol", function(args)
  return debug_call(address_of(args[1]), need(args[2], "a command"), table.unpack(args, 3))
end)

add("debug address", "debugs the service, until the line cont", function(args, _, console)
  return console.debug(address_of(args[1]))
end)

add("trace address [protocol] [on|off]",
  "traces the requests of a protocol (lua); off: none; else those that bring a trace",
  function(args)
    local address = address_of(args[1])
    local protocol, flag = args[2], args[3]
    if not flag and (protocol == "on" or protocol == "off") then
      protocol, flag = nil, protocol
    end
    debug_call(address, "TRACELOG", protocol or "lua", flag_of(flag))
  end)

add("logon address", "records the messages of a service in a file of the folder logpath",
  function(args)
    core.command("LOGON", skynet.address(address_of(args[1])))
  end)

add("logoff address", "ends the recording of messages", function(args)
  core.command("LOGOFF", skynet.address(address_of(args[1])))
end)

add("signal address [number]", "0 (the default): interrupts a service; 1: logs its memory",
  function(args)
    local words = { skynet.address(address_of(args[1])), args[2] }
    core.command("SIGNAL", table.concat(words, " "))
  end)

-- ---- memory of the process ----

add("cmem", "memory outside of Lua, by service where that is known", function()
  local memory = require "skynet.memory"
  local list = {}
  for handle, size in pairs(memory.info()) do
    list[skynet.address(handle)] = size
  end
  list.total = memory.total()
  list.block = memory.block()
  return list
end)

add("jmem", "statistics of the allocator", function()
  local list = {}
  for key, size in pairs(require "skynet.memory".jestat()) do
    list[key] = ("%11d  %8.2f Mb"):format(size, size / 1048576)
  end
  return list
end)

add("profactive [on|off]", "shows, or switches, heap profiling", function(args)
  local is_on = require "skynet.memory".profactive(flag_of(args[1]))
  return "heap profilling is " .. (is_on and "active" or "deactive")
end)

add("dumpheap", "writes a heap profile", function()
  require "skynet.memory".dumpheap()
end)

-- ---- sockets ----

local function socket_fields(info)
  local now = skynet.now()
  info.address = skynet.address(info.address)
  for _, name in ipairs { "read", "write", "wbuffer" } do
    local size = info[name]
    info[name] = size and size > 0 and render.size(size) or nil
  end
  for _, name in ipairs { "rtime", "wtime" } do
    local time = info[name]
    info[name] = time and time > 0 and render.age(now - time) or nil
  end
  return info
end

add("netstat", "all sockets of the process", function()
  local list = require "skynet.socket".netstat()
  for _, info in ipairs(list) do
    socket_fields(info)
  end
  return list
end)

-- ---- where the time goes, and who waits ----

local overview = require "skein.console.overview"

add("top [count [seconds]]",
  "the busiest services: CPU of so many seconds (1) and total, memory, mailbox", function(args)
    local count = args[1] == nil and 10 or math.tointeger(tonumber(args[1]))
    local seconds = args[2] == nil and 1 or tonumber(args[2])
    if not count or count < 1 then
      error("Need a number of services", 0)
    elseif not seconds or seconds <= 0 or seconds > 60 then
      error("Need 0 to 60 seconds", 0)
    end
    return overview.top(count, seconds)
  end)

add("wait [ticks]", "who waits for the answer of whom; a * marks calls that wait in a cycle",
  function(args)
    return overview.wait(timeout_of(args[1], WAIT_TICKS))
  end)

add("stack address", "the Lua stacks of a service, also while it is busy", function(args)
  return overview.stack(address_of(args[1]))
end)

return commands
