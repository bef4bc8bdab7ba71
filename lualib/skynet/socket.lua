--- TCP sockets as blocking calls of a service coroutine.
--
-- The work is done in C (skynet.socket.core); here are the forms of addresses.
local skynet = require "skynet"
local core = require "skynet.socket.core"

local PORT_MAX = 65535

local socket = {}
for name, f in pairs(core) do
  socket[name] = f
end

skynet.register_protocol {
  name = "socket",
  id = skynet.PTYPE_SOCKET,
  unpack = function() end,
}

--- Splits "host:port" or "[ipv6]:port"; with a port argument the host is taken as it is.
local function split_address(addr, port)
  if port then
    port = assert(math.tointeger(tonumber(port)), "Invalid port")
    return addr, port
  end
  local host, text
  if addr:sub(1, 1) == "[" then
    host, text = addr:match "^%[([^%]]*)%]:(.*)$"
  else
    host, text = addr:match "^([^:]*):(.*)$"
  end
  if not host then
    error(("Invalid address %s."):format(addr), 3)
  end
  port = text:match "^%d+$" and math.tointeger(tonumber(text))
  if not port or port > PORT_MAX then
    error(("Invalid port in address %s."):format(addr), 3)
  end
  return host, port
end

function socket.open(addr, port)
  local host
  host, port = split_address(addr, port)
  if port == 0 then
    error("Invalid port", 2)
  end
  if port < 0 or port > PORT_MAX then
    return nil, "Invalid port"
  end
  return core.connect(host, port)
end

--- As open; nil, "timeout" when it takes longer than `timeout` ticks.
function socket.connect(addr, port, timeout)
  if not timeout then
    return socket.open(addr, port)
  end
  local co = coroutine.running()
  local id, err, done
  skynet.fork(function()
    id, err = socket.open(addr, port)
    if done then
      if id then
        socket.close(id)
      end
      return
    end
    done = true
    skynet.wakeup(co)
  end)
  skynet.sleep(timeout)
  if not done then
    done = true
    return nil, "timeout"
  end
  return id, err
end

function socket.listen(host, port, backlog)
  host, port = split_address(host, port)
  local id, ip, actual = core.listen(host, port, backlog)
  if not id then
    error(("Listen error: %s (%s port %d)"):format(ip, host == "" and "0.0.0.0" or host, port), 2)
  end
  return id, ip, actual
end

function socket.pause(id)
  if core.pause(id) then
    skynet.yield()
  end
end

--- TCP_NODELAY is on for every connection.
function socket.nodelay()
end

return socket
