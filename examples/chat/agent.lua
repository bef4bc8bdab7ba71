--- One client: reads its lines, writes what the room says.
local skynet = require "skynet"
local socket = require "skynet.socket"

local LINE_LEN_MAX = 1024
-- More than flow control lets pile up, so that only a line without an end gets there.
local UNREAD_SIZE_MAX = 256 * 1024
local HELP = "/nick NAME  change your name\n/who  list everybody\n/quit  leave\n/help  this text"

-- The finalizer runs when the service ends, however it ends: also when the server is stopped.
local client = setmetatable({ id = nil, room = nil }, { __gc = function(self)
  if self.id then
    socket.write(self.id, "* the server stops, good-bye\n")
  end
end })

local command = {}  -- what a user may type behind a slash

local function tell(text)
  if client.id then
    socket.write(client.id, text .. "\n")
  end
end

function command.nick(name)
  local ok, why = skynet.call(client.room, "lua", "nick", name)
  tell(ok and ("* you are now " .. name) or ("! " .. why))
end

function command.who()
  tell("* here: " .. skynet.call(client.room, "lua", "who"))
end

function command.help()
  tell(HELP)
end

local function handle(line)
  local name, rest = line:match "^/(%S*)%s*(.-)%s*$"
  if #line > LINE_LEN_MAX then
    tell(("! a line has at most %d bytes"):format(LINE_LEN_MAX))
  elseif not name then
    skynet.send(client.room, "lua", "say", line)
  elseif command[name] then
    command[name](rest)
  else
    tell(("! no command /%s; /help lists them"):format(name))
  end
end

local function serve()
  while true do
    local line = socket.readline(client.id)
    if not line then
      return
    end
    line = line:gsub("\r$", "")
    if line == "/quit" then
      tell "* good-bye"
      return
    elseif line ~= "" then
      handle(line)
    end
  end
end

-- A client that does not read what it is told is cut off, before it costs more memory.
local function on_warning(id, unsent_kib)
  if unsent_kib > 0 then
    socket.shutdown(id)
  end
end

local function run(id, address)
  if not socket.start(id) then
    skynet.exit()
  end
  client.id = id
  socket.limit(id, UNREAD_SIZE_MAX)
  socket.warning(id, on_warning)
  local name = skynet.call(client.room, "lua", "enter")
  skynet.error(("%s is %s"):format(address, name))
  tell(("* welcome, %s; /help lists the commands"):format(name))
  serve()
  client.id = nil
  skynet.call(client.room, "lua", "leave")
  socket.close(id)
  skynet.exit()
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, what, ...)
    if what == "line" then
      tell((...))
    elseif what == "start" then
      local id, address, room = ...
      client.room = room
      skynet.fork(run, id, address)
    end
  end)
end)
