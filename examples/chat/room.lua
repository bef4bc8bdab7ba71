--- The room: who is in it under which name, and lines to everybody.
local skynet = require "skynet"

local NAME_LEN_MAX = 20
local agents = {}  -- agent -> name
local taken = {}   -- name -> agent
local guests = 0
local command = {}

local function broadcast(line, except)
  for agent in pairs(agents) do
    if agent ~= except then
      skynet.send(agent, "lua", "line", line)
    end
  end
end

local function set_name(agent, name)
  local old = agents[agent]
  if old then
    taken[old] = nil
  end
  agents[agent], taken[name] = name, agent
  return old
end

function command.enter(agent)
  repeat
    guests = guests + 1
  until not taken["guest" .. guests]
  local name = "guest" .. guests
  set_name(agent, name)
  broadcast(("* %s has joined"):format(name), agent)
  return name
end

function command.leave(agent)
  local name = agents[agent]
  if name then
    agents[agent], taken[name] = nil, nil
    broadcast(("* %s has left"):format(name))
  end
end

function command.say(agent, text)
  broadcast(("%s: %s"):format(agents[agent], text), agent)
end

function command.nick(agent, name)
  if #name == 0 or #name > NAME_LEN_MAX or name:find "[^%w_-]" then
    return false, ("a name has 1 to %d letters, digits, - or _"):format(NAME_LEN_MAX)
  elseif taken[name] then
    return false, ("the name %s is taken"):format(name)
  end
  local old = set_name(agent, name)
  broadcast(("* %s is now %s"):format(old, name), agent)
  return true
end

function command.who()
  local names = {}
  for _, name in pairs(agents) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, " ")
end

skynet.start(function()
  skynet.dispatch("lua", function(session, agent, name, ...)
    local f = command[name]
    if session == 0 then
      f(agent, ...)
    else
      skynet.retpack(f(agent, ...))
    end
  end)
end)
