-- behind.lua -- an agent that is busy for long: its peer has to wait, and nothing is lost.
-- threads: 2 8
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local gates = require "support.gates"
local util = require "support.util"
local print = util.print

local COUNT = 100000
local LARGE_COUNT = 600

local AGENT = [[
  local expected, count, is_in_order
  function expect(n)
    expected, count, is_in_order = n, 0, true
  end
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
  util.eval(agent, AGENT)
  util.eval(agent, "expect(...)", COUNT)
  dog:tell(gate, "forward %d %s :0", fd, skynet.address(agent))
  local function hold(name)
    local busy = util.eval_later(agent, [[
      local name = ...
      skynet.setenv(name .. "_is_busy", "yes")
      while not skynet.getenv(name .. "_may_go_on") do end
      return skynet.mqlen()]], name)
    util.wait_for(function() return skynet.getenv(name .. "_is_busy") end)
    return busy
  end
  local function release(name, busy)
    util.wait_for(function() return is_reading(fd) == false end, "the gate to stop reading")
    skynet.setenv(name .. "_may_go_on", "yes")
    return tonumber(util.wait_for(function() return busy.result end))
  end
  local busy = hold "small"
  local packets = {}
  for i = 1, COUNT do
    packets[i] = string.pack(">s2", string.pack(">I4", i))
  end
  socket.write(client, table.concat(packets))
  util.wait_for(function() return is_reading(fd) == false end, "the gate to stop reading")

  -- Others are read meanwhile.
  socket.write(other, "\0\1x")
  print(dog:report() == other_fd .. " data x")      -- expect: true
  local most = release("small", busy)
  -- The bound, and what one read of 64 KiB may hold.
  print(most > 4096, most < 4096 + 65536 // 6 + 64) -- expect: true true
  print(util.wait_for(function() return util.eval(agent, "return result()") end))
  -- expect: all in order
  util.wait_for(function() return is_reading(fd) end, "the gate to read again")

  -- Large packets: fewer of them.
  util.eval(agent, "expect(...)", LARGE_COUNT)
  busy = hold "large"
  for i = 1, LARGE_COUNT do
    socket.write(client, string.pack(">s2", string.pack(">I4", i) .. ("x"):rep(60000)))
  end
  local limit = (16 << 20) // 60004
  most = release("large", busy)
  print(most > limit, most < limit + 4)             -- expect: true true
  print(util.wait_for(function() return util.eval(agent, "return result()") end))
  -- expect: all in order
end)
