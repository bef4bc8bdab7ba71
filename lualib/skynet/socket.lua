--- Sockets: TCP as blocking calls of a service coroutine, UDP with callbacks, and descriptors that
-- the process has already.
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

--- Standard input as a socket, for reading lines: nil, message when it is a file. May yield.
function socket.stdin()
  return socket.bind(0)
end

-- UDP. A callback is called as callback(data, address) for each datagram, in a coroutine of its
-- own; without one datagrams are dropped, and the log tells. `address` is a string of 7 or 19 bytes
-- for sendto and udp_address. Datagrams that come faster than the service takes them are lost, the
-- oldest first: netstat(id).dropped counts them. None of these functions yields.
--
-- sendto(id, address, data [, size]) -> accepted: data as for write; false when the id is gone or
-- the address is of the other family. sendto(id, host, port, data) takes the address in words.
-- udp_address(address) -> ip, port; udp_address(id) -> what that socket is bound to. Raises.

local function check_opened(id, err, what, host, port)
  if not id then
    error(("%s: %s (%s port %d)"):format(what, err, host ~= "" and host or "0.0.0.0", port), 3)
  end
  return id
end

--- A UDP socket. Without host: of IPv4, bound by its first send; `port` is ignored. With host:
-- bound to it and the port, 0 for any; without port the host is "ip:port". Returns the id; raises.
function socket.udp(callback, host, port)
  if not host then
    port = 0
  else
    host, port = split_address(host, port)
  end
  local id, err = core.udp(host, port, callback)
  return check_opened(id, err, "udp init failed", host or "", port)
end

--- A UDP socket bound to the address; port 0 is refused. Returns the id; raises.
function socket.udp_listen(host, port, callback)
  host, port = split_address(host, port)
  local id, err = core.udp_listen(host, port, callback)
  return check_opened(id, err, "udp listen host failed", host, port)
end

--- A UDP socket with a default destination (for socket.write), of the destination's family. Returns
-- the id; raises.
function socket.udp_dial(host, port, callback)
  host, port = split_address(host, port)
  local id, err = core.udp_dial(host, port, callback)
  return check_opened(id, err, "udp dial host failed", host, port)
end

--- Sets the default destination, and the callback unless it is nil. It does not filter: datagrams
-- of everybody come. Raises when the host is not known or of the other family; the destination is
-- then what it was.
function socket.udp_connect(id, host, port, callback)
  host, port = split_address(host, port)
  local ok, err = core.udp_connect(id, host, port, callback)
  check_opened(ok, err, "udp connect failed", host, port)
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
