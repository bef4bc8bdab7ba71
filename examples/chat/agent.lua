--- One client: reads its lines, writes what the room says.
local skynet = require "skynet"
local socket = require "skynet.socket"

local LINE_SIZE_MAX = 1024
local HELP = "/nick NAME  change your name\n/who  list everybody\n/quit  leave\n/help  this text"

local client, room
local command = {}  -- what a user may type behind a slash

local function tell(text)
  socket.write(client, text .. "\n")
end

function command.nick(name)
  local ok, why = skynet.call(room, "lua", "nick", name)
  tell(ok and ("* you are now " .. name) or ("! " .. why))
end

function command.who()
  tell("* here: " .. skynet.call(room, "lua", "who"))
end

function command.help()
  tell(HELP)
end

local function handle(line)
  local name, rest = line:match "^/(%S*)%s*(.-)%s*$"
  if not name then
    skynet.send(room, "lua", "say", line)
  elseif command[name] then
    command[name](rest)
  else
    tell(("! no command /%s; /help lists them"):format(name))
  end
end

local function serve()
  while true do
    local line = socket.readline(client)
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

local function run(address)
  if not socket.start(client) then
    skynet.exit()
  end
  socket.limit(client, LINE_SIZE_MAX)
  local name = skynet.call(room, "lua", "enter")
  skynet.error(("%s is %s"):format(address, name))
  tell(("* welcome, %s; /help lists the commands"):format(name))
  serve()
  skynet.call(room, "lua", "leave")
  socket.close(client)
  skynet.exit()
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, what, ...)
    if what == "line" then
      tell((...))
    elseif what == "start" then
      local id, address, service = ...
      client, room = id, service
      skynet.fork(run, address)
    end
  end)
end)
