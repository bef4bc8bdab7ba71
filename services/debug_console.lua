--- debug_console [ip] port: commands for a person or a tool, one per line, over TCP.
--
-- See docs/debug-console.md. Each connection is served by a coroutine of its own: its commands one
-- after the other. A console can do everything, so it listens on loopback only, unless the
-- configuration key debug_public is true; with the key debug_token the first line must be that
-- text. Requests that a web page may have caused are refused. The key debug_timeout is how long it
-- waits for clients, in seconds.
local skynet = require "skynet"
local socket = require "skynet.socket"
local commands = require "skein.console.commands"
local reader = require "skein.console.reader"
local render = require "skein.console.render"
local request = require "skein.console.request"

local LINE_SIZE_MAX = 8192
local CONNECTION_COUNT_MAX = 64
local UNSENT_KIB_MAX = 4096  -- a client that does not read is closed
local TIMEOUT_SECONDS = 30

local LATER = {}  -- result of a command that answers when it is over

local token = skynet.getenv "debug_token"
-- For the token, or the rest of a request; and for a command whose client has hung up.
local timeout_ticks
local listen_ip
local connection_count = 0

--- Whether two texts are equal; the time tells nothing but the length of the second one.
local function is_same(secret, text)
  local difference = #secret ~ #text
  for i = 1, #text do
    difference = difference | secret:byte((i - 1) % #secret + 1) ~ text:byte(i)
  end
  return difference == 0
end

local function check_token(text)
  if token and not is_same(token, text or "") then
    error("Wrong token", 0)
  end
end

-- ---- commands ----

--- An error of a command, without its place in our own code.
local function error_text(err)
  return (tostring(err):gsub("^%S+/console/%a+%.lua:%d+: ", ""))
end

local function answer(console, ok, ...)
  if not ok then
    console.write(error_text((...)) .. "\n<CMD Error>\n")
  else
    console.write(render.all(...) .. "<CMD OK>\n")
  end
end

--- The command of a client that has hung up goes on for some time only.
local function expect_end(console)
  if console.is_ending then
    return
  end
  console.is_ending = true
  skynet.timeout(timeout_ticks, function()
    if not console.is_closed then
      skynet.killthread(console.thread)
    end
  end)
end

local function execute(console, line)
  local args = reader.words(line)
  local name = table.remove(args, 1)
  if not name then
    return
  end
  local command = commands[name]
  if not command then
    return answer(console, false, "Invalid command, type help for command list\n")
  end
  console.has_command = true
  if console.has_hung_up then
    expect_end(console)
  end
  local results = table.pack(pcall(command.run, args, line, console))
  console.has_command = false
  if results[2] ~= LATER then
    answer(console, table.unpack(results, 1, results.n))
  end
end

-- ---- the debugger ----

--- What the command `debug` does: from now on lines go to an agent. Answers later.
local function start_debugger(console, address)
  if console.is_request then
    error("Not in a request", 0)
  end
  local agent = skynet.newservice "debug_agent"
  console.debugger = agent
  skynet.fork(function()
    local ok, is_over, err = pcall(skynet.call, agent, "lua", "start", address, console.fd)
    console.debugger = nil
    answer(console, ok and is_over, not ok and is_over or err)
    skynet.wakeup(console.token)
  end)
  skynet.yield()  -- `start` goes first
  return LATER
end

local function wait_for_debugger(console)
  while console.debugger do
    skynet.wait(console.token)
  end
end

--- A line while a debugger is attached; what is behind "cont" is for the console again.
local function pass_on(console, line)
  skynet.send(console.debugger, "lua", "cmd", line)
  if line:match "^%s*(.-)%s*$" == "cont" then
    wait_for_debugger(console)
  end
end

-- ---- one connection ----

local function new_console(fd)
  local console = { fd = fd, reader = reader.new(fd), token = {}, is_new = true }
  function console.write(text)
    socket.write(fd, text)
  end
  --- Debugs the service; see commands.lua.
  function console.debug(address)
    return start_debugger(console, address)
  end
  return console
end

--- Closes a connection that does not say in time what it wants, from now on.
local function expect_introduction(console)
  skynet.timeout(timeout_ticks, function()
    if console.is_new and not console.is_closed and (token or console.is_request) then
      socket.shutdown(console.fd)
    end
  end)
end

local function serve_request(console, first)
  console.is_request = true
  expect_introduction(console)
  local ok, line, given = pcall(request.read, console.reader, first, listen_ip)
  if ok then
    ok, line = pcall(function()
      check_token(given)
      return line
    end)
  end
  console.is_new = false
  if ok then
    execute(console, line)
  else
    answer(console, false, line)
  end
end

--- The next line, or nil: then the connection is to be closed. Control bytes come from clients that
-- speak another protocol, perhaps because somebody made them: their lines are not for us.
local function read_line(console)
  local line, err = console.reader:line(LINE_SIZE_MAX)
  if err == "too long" then
    answer(console, false, "The line is too long")
  elseif line and line:find "[%z\1-\8\11-\31\127]" then
    answer(console, false, "The line is not text")
    return nil
  end
  return line
end

local function serve_lines(console, line)
  while line do
    if console.debugger then
      pass_on(console, line)
    else
      execute(console, line)
    end
    line = read_line(console)
  end
end

local function serve(console)
  console.write "Welcome to skynet console\n"
  local line = read_line(console)
  if not line then
    return
  elseif request.is_request(line) then
    return serve_request(console, line)
  end
  if token then
    local ok, message = pcall(check_token, line)
    answer(console, ok, message)
    if not ok then
      return
    end
    line = ""
  end
  console.is_new = false
  serve_lines(console, line)
end

--- Ends what the connection has begun.
local function finish(console)
  if console.debugger then
    skynet.send(console.debugger, "lua", "stop")
    wait_for_debugger(console)
  end
  socket.close(console.fd)
end

--- A client that has hung up does not read the answer; but it may have closed one direction only.
local function watch_client(console)
  console.thread = coroutine.running()
  socket.onclose(console.fd, function()
    console.has_hung_up = true
    if console.has_command then
      expect_end(console)
    end
  end)
end

local function limit_output(console)
  socket.warning(console.fd, function(_, unsent_kib)
    if unsent_kib >= UNSENT_KIB_MAX then
      socket.shutdown(console.fd)
    end
  end)
end

local function serve_connection(fd, peer)
  local console = new_console(fd)
  local _ <close> = setmetatable({}, { __close = function()
    console.is_closed = true
    connection_count = connection_count - 1
    skynet.error(peer .. " disconnect")
    skynet.fork(finish, console)
  end })
  connection_count = connection_count + 1
  skynet.error(peer .. " connected")
  expect_introduction(console)
  watch_client(console)
  limit_output(console)
  serve(console)
end

local function accept(fd, peer)
  if not socket.start(fd) then
    return
  elseif connection_count >= CONNECTION_COUNT_MAX then
    skynet.error(peer .. " refused: too many connections")
    socket.write(fd, "Too many connections\n<CMD Error>\n")
    socket.close(fd)
    return
  end
  serve_connection(fd, peer)
end

local function check_address(ip)
  if request.is_loopback(ip) then
    return
  end
  if skynet.getenv "debug_public" ~= "true" then
    error(("%s can be reached from other machines: the debug console needs debug_public = true")
      :format(ip), 0)
  end
  if not token then
    error(("%s can be reached from other machines: the debug console needs a debug_token there")
      :format(ip), 0)
  end
end

local function arguments(first, second)
  local ip, port = "127.0.0.1", first
  if second then
    ip, port = first, second
  end
  return ip, math.tointeger(tonumber(port)) or error("debug_console: a port expected", 0)
end

local function check_settings()
  if token and (token == "" or token:find "%s") then
    error("debug_token is empty, or has white space in it", 0)
  end
  local seconds = tonumber(skynet.getenv "debug_timeout" or TIMEOUT_SECONDS)
  if not seconds or seconds <= 0 then
    error("debug_timeout: a number of seconds expected", 0)
  end
  timeout_ticks = 100 * seconds
end

local args = table.pack(...)

skynet.start(function()
  check_settings()
  local ip, port = arguments(table.unpack(args, 1, args.n))
  check_address(ip)
  local id, actual_ip, actual_port = socket.listen(ip, port)
  listen_ip = actual_ip
  local shown = actual_ip:find ":" and "[" .. actual_ip .. "]" or actual_ip
  skynet.error(("Start debug console at %s:%d"):format(shown, actual_port))
  socket.start(id, accept)
end)
