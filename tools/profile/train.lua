-- train.lua -- a short run of what services do most, for the compiler's profile; then it ends.
--
-- Every kind of work has a fixed number of rounds, so that no time is measured. What is not here
-- is compiled as without a profile. As "callee" it is the service at the other end.
local skynet = require "skynet"
local socket = require "skynet.socket"
require "skynet.manager"

local ROUNDS = 100000
local ROLE = ...

local function serve_connection(id)
  socket.start(id)
  local line = socket.readline(id)
  while line do
    socket.write(id, line .. "\n")
    local data = socket.read(id)
    socket.write(id, data or "")
    line = data and socket.readline(id)
  end
  socket.close(id)
end

local CALLEE = {}

function CALLEE.listen()
  local id, _, port = socket.listen("127.0.0.1", 0)
  socket.start(id, function(connection) serve_connection(connection) end)
  skynet.retpack(port)
end

function CALLEE.stop()
  skynet.retpack()
  skynet.exit()
end

local function be_callee()
  skynet.start(function()
    skynet.dispatch("lua", function(session, _, command, ...)
      if CALLEE[command] then
        CALLEE[command](...)
      elseif session ~= 0 then
        skynet.retpack(command, ...)
      end
    end)
  end)
end

local function call(callee)
  for i = 1, ROUNDS do
    skynet.call(callee, "lua", i)
  end
  for i = 1, ROUNDS // 4 do
    local request = { id = i, name = "player", x = 0.5, list = { 1, 2, 3 } }
    assert(skynet.call(callee, "lua", request).id == i)
    skynet.call(callee, "lua", "text", i, true, nil, -1.5)
  end
end

local function send(callee)
  for i = 1, ROUNDS do
    skynet.send(callee, "lua", i)
    if i % 1000 == 0 then
      skynet.call(callee, "lua", i)
    end
  end
end

local function take_turns()
  local fired, woken = 0, 0
  for i = 1, ROUNDS // 2 do
    skynet.timeout(i % 3, function() fired = fired + 1 end)
    skynet.yield()
  end
  for _ = 1, ROUNDS // 20 do
    local sleeper = coroutine.running()
    skynet.fork(function() skynet.wakeup(sleeper) end)
    skynet.wait(sleeper)
    woken = woken + 1
  end
  while fired < ROUNDS // 2 do
    skynet.sleep(1)
  end
  assert(woken == ROUNDS // 20)
end

local function echo(callee)
  local port = skynet.call(callee, "lua", "listen")
  for _ = 1, 20 do
    local id = assert(socket.open("127.0.0.1", port))
    for i = 1, ROUNDS // 80 do
      socket.write(id, ("line %d of some length\n"):format(i))
      socket.readline(id)
      socket.write(id, "bytes without a line end")
      socket.read(id)
    end
    socket.close(id)
  end
end

local function start_services()
  for _ = 1, 100 do
    skynet.call(skynet.newservice("train", "callee"), "lua", "stop")
  end
end

if ROLE == "callee" then
  be_callee()
else
  skynet.start(function()
    local callee = skynet.newservice("train", "callee")
    for _, work in ipairs { call, send, take_turns, echo, start_services } do
      work(callee)
    end
    skynet.abort()
  end)
end
