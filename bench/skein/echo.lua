-- echo.lua -- TCP echo; prints "PORT n" and serves until it is killed.
--
-- bench_echo = "agents": one service a connection. "one": all connections in this service.
-- With bench_hold = true a native service holds a worker for 500 ms, again and again.
local skynet = require "skynet"
local socket = require "skynet.socket"
local serve = require "echo_loop"
require "skynet.manager"

local function give_away(id)
  skynet.send(skynet.newservice "echo_agent", "lua", id)
end

local function keep_holding()
  skynet.register_protocol {
    name = "text",
    id = skynet.PTYPE_TEXT,
    pack = function(text) return text end,
    unpack = skynet.tostring,
  }
  local hold = assert(skynet.launch "hold")
  while true do
    skynet.send(hold, "text", "500")
    skynet.sleep(100)
  end
end

skynet.start(function()
  local accept = skynet.getenv "bench_echo" == "agents" and give_away or serve
  local id, _, port = socket.listen("127.0.0.1", 0, 4096)
  socket.start(id, accept)
  if skynet.getenv "bench_hold" then
    skynet.fork(keep_holding)
  end
  io.write(("PORT %d\n"):format(port))
  io.flush()
end)
