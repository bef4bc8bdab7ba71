--- Launches native gates and plays watchdog, broker or agent.
-- helper: for tests/lua/gate
local skynet = require "skynet.manager"
local socket = require "skynet.socket"
local util = require "support.util"

local gates = {}

--- A port of 127.0.0.1 that was free a moment ago.
function gates.free_port()
  local id, _, port = socket.listen("127.0.0.1", 0)
  socket.close(id)
  return port
end

--- Launches a gate on a free port: its handle and the port.
function gates.launch(style, watchdog, kind, max)
  for _ = 1, 20 do
    local port = gates.free_port()
    local handle = skynet.launch("gate", style, watchdog, "127.0.0.1:" .. port, kind, max)
    if handle then
      return handle, port
    end
  end
  error "no gate could be launched"
end

local methods = {}
methods.__index = methods

--- The next report: text, session, source.
function methods:report()
  util.wait_for(function() return self.reports[1] end, "a report")
  return table.unpack(table.remove(self.reports, 1))
end

--- The next packet: text, session, source.
function methods:packet()
  util.wait_for(function() return self.packets[1] end, "a packet")
  return table.unpack(table.remove(self.packets, 1))
end

--- The next report, which must be that of a new connection: its id and address.
function methods:opened()
  local text, session = self:report()
  local id, again, addr = text:match "^(%d+) open (%d+) (127%.0%.0%.1:%d+):0$"
  assert(id and id == again and session == 0, text)
  return math.tointeger(tonumber(id)), addr
end

--- Sends a text command.
function methods:tell(gate, ...)
  skynet.send(gate, "text", (...):format(select(2, ...)))
end

--- A connection that the gate reads: its client side and its id.
function methods:connect(gate, port)
  local client = assert(socket.open("127.0.0.1", port))
  local fd = self:opened()
  self:tell(gate, "start %d", fd)
  return client, fd
end

--- Makes this service a watchdog and agent. `kind` is the type of the packets, "client" by default.
function gates.watch(kind)
  local self = setmetatable({ reports = {}, packets = {} }, methods)
  local function pack(text)
    return text
  end
  local function keep(list)
    return function(session, source, text)
      skynet.ignoreret() -- the session is a connection's id
      list[#list + 1] = { text, session, source }
    end
  end
  skynet.register_protocol {
    name = "text", id = skynet.PTYPE_TEXT, pack = pack, unpack = skynet.tostring,
    dispatch = keep(self.reports),
  }
  skynet.register_protocol {
    name = "client", id = skynet.PTYPE_CLIENT, pack = pack, unpack = skynet.tostring,
    dispatch = keep(self.packets),
  }
  if kind then
    skynet.register_protocol {
      name = "packet", id = kind, unpack = skynet.tostring, dispatch = keep(self.packets),
    }
  end
  return self
end

return gates
