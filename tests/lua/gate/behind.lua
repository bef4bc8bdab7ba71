-- behind.lua -- an agent that is busy for long: its peer has to wait, and nothing is lost.
-- threads: 2 8
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

local COUNT = 100000

local AGENT = [[
  local expected = ...
  local count, is_in_order = 0, true
  skynet.register_protocol {
    name = "client", id = skynet.PTYPE_CLIENT, unpack = skynet.tostring,
    dispatch = function(_, _, text)
      skynet.ignoreret()
      count = count + 1
      is_in_order = is_in_order and string.unpack(">I4", text) == count
    end,
  }
  function result()
    return count == expected and (is_in_order and "all in order" or "mixed up")
  end]]

local function is_reading(id)
  for _, entry in ipairs(socket.netstat()) do
    if entry.id == id then
      return entry.reading
    end
  end
end

util.run(function()
  local dog = gates.watch()
  local gate, port = gates.launch("S", skynet.address(skynet.self()), 0, 8)
  local client, fd = dog:connect(gate, port)
  local other, other_fd = dog:connect(gate, port)
  local agent = util.peer()
  util.eval(agent, AGENT, COUNT)
  dog:tell(gate, "forward %d %s :0", fd, skynet.address(agent))
  local busy = util.eval_later(agent, [[
    skynet.setenv("is_busy", "yes")
    local most = 0
    while not skynet.getenv "may_go_on" do most = math.max(most, skynet.mqlen()) end
    return most]])
  util.wait_for(function() return skynet.getenv "is_busy" end)
  local packets = {}
  for i = 1, COUNT do
    packets[i] = string.pack(">s2", string.pack(">I4", i))
  end
  socket.write(client, table.concat(packets))
  util.wait_for(function() return is_reading(fd) == false end, "the gate to stop reading")

  -- Others are read meanwhile.
  socket.write(other, "\0\1x")
  print(dog:report() == other_fd .. " data x")      -- expect: true
  skynet.setenv("may_go_on", "yes")
  util.wait_for(function() return busy.result end)
  -- The bound, and what one read of 64 KiB may hold.
  print(tonumber(busy.result) > 4096, tonumber(busy.result) < 4096 + 65536 // 6 + 64)
  -- expect: true true
  print(util.wait_for(function() return util.eval(agent, "return result()") end))
  -- expect: all in order
  util.wait_for(function() return is_reading(fd) end, "the gate to read again")
end)
