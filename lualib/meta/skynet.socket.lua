---@meta skynet.socket

---TCP as calls that yield, UDP with callbacks, and descriptors of the process. A socket is a
---number, its **id**, valid in the whole process; the service that opens or starts it is its owner
---and gets its data. Any service may write to an id, or close one that it has not started with
---`close_fd`.
---
---`read`, `readline`, `readall` and `block` take turns: while one coroutine waits in them, a
---second one that would have to wait on the same socket raises. When the peer closes, unread data
---can still be read, and the socket still has to be closed.
---
---```lua
---local socket = require "skynet.socket"
---local listener = socket.listen("127.0.0.1", 7000)
---socket.start(listener, function(id, addr)
---  if socket.start(id) then
---    for line in socket.readline, id do
---      socket.write(id, line .. "\n")
---    end
---    socket.close(id)
---  end
---end)
---```
---
---A service that uses this module cannot register the protocol type `PTYPE_SOCKET` for itself.
---@class skynet.socket
local socket = {}

---@alias skynet.socket.data string|number|table|userdata|lightuserdata What is sent: a text; a list of texts, sent as one; memory (userdata, with a size or whole); or a pointer from the runtime's allocator with a size, which is the callee's from then on.
---@alias skynet.socket.address string The address of a UDP peer, 7 bytes (IPv4) or 19 (IPv6); see `udp_address`.

-- ## Opening

---Connects to a TCP server. Time is limited by the system alone; see `connect`.
---
---Raises `Invalid address` and `Invalid port` for a malformed address.
---
---Skynet: host names come from the hosts file for now; a port beyond 65535 is refused.
---@async
---@param addr string host; without `port`: `"host:port"` or `"[ipv6]:port"`
---@param port? integer the port, 1 to 65535
---@return integer? id nil when it fails
---@return string? message then, why
function socket.open(addr, port) end

---As `open`, for a limited time.
---
---Raises as `open`.
---
---Skynet: new.
---@async
---@param addr string host; without `port`: `"host:port"` or `"[ipv6]:port"`
---@param port? integer the port, 1 to 65535
---@param timeout? skynet.ticks the longest wait; without it as `open`
---@return integer? id nil when it fails
---@return string? message then, why: `"timeout"` when the time is over
function socket.connect(addr, port, timeout) end

---Opens a listener. Connections are accepted from `start` on.
---
---Raises `Listen error`, and as `open` for a malformed address.
---@param host string the address to bind, `""` for all of IPv4; without `port`: `"host:port"`
---@param port? integer the port; 0: any that is free
---@param backlog? integer how many connections may wait to be accepted, 32 if absent
---@return integer id of the listener
---@return string ip that it is bound to
---@return integer port that it is bound to
function socket.listen(host, port, backlog) end

---Begins to read a connection that was accepted, takes over one that another service has
---abandoned, or begins to accept. For a listener `accept(id, "ip:port")` is called for each
---connection, in the order of their arrival, each in a service coroutine of its own; it must see
---that the new id is started, in whatever service, or closed with `close_fd`.
---
---Raises `socket is not closed` when this service has it started already.
---@async
---@param id integer the socket
---@param accept? fun(id: integer, addr: string) for a listener; it may yield
---@return integer? id nil when it fails
---@return string? message then, `"invalid socket"` or `"socket closed"`
function socket.start(id, accept) end

---Replaces the function that `start` was given for a listener.
---
---Raises for an unknown id.
---@param id integer the listener
---@param accept? fun(id: integer, addr: string) the new one; it may yield
function socket.onaccept(id, accept) end

---Makes a socket of a descriptor that the process has: a pipe, a terminal. It is made
---non-blocking; `close` gives it back, and does not close it.
---@async
---@param os_fd integer the descriptor
---@return integer? id nil when it fails
---@return string? message then, why: files cannot be waited for
function socket.bind(os_fd) end

---Standard input as a socket.
---@async
---@return integer? id nil when it is a file
---@return string? message then, why
function socket.stdin() end

-- ## Reading

---Reads `size` bytes, or, without it, what is there, at least one byte.
---
---Raises for an unknown id; for a UDP socket; when another coroutine waits to read; when `size` is
---beyond the socket's `limit`.
---
---Skynet: `read(id, 0)` returns an empty text at once.
---@async
---@param id integer the socket
---@param size? integer how many bytes
---@return string|false data false when the connection has ended before
---@return string? rest then, what was left, maybe `""`
function socket.read(id, size) end

---Reads up to a separator, which is left out.
---
---Raises as `read`, and for an empty separator.
---@async
---@param id integer the socket
---@param separator? string any text, `"\n"` if absent; a `"\r"` is kept
---@return string|false line false when the connection has ended before
---@return string? rest then, what was left, maybe `""`
function socket.readline(id, separator) end

---Reads until the connection has ended.
---
---Raises as `read`.
---
---Skynet: there is no pause at 128 KiB of unread data while it waits.
---@async
---@param id integer the socket
---@return string|false data false when it had ended already and nothing was left
function socket.readall(id) end

---Waits until there is something to read, or the connection has ended.
---
---Raises when another coroutine waits to read.
---@async
---@param id integer the socket
---@return boolean is_connected false also for an unknown id
function socket.block(id) end

-- ## Writing

---Sends data, now or in the background. Does not yield, whatever is queued; see `warning`. For a
---UDP socket: one datagram, to the default destination.
---
---Raises for data of another type.
---@param id integer the socket
---@param data skynet.socket.data what is sent
---@param size? integer bytes, when `data` is memory
---@return boolean accepted false when the socket is gone or closing. True is no proof of delivery
function socket.write(id, data, size) end

---As `write`, with low priority: it is sent when nothing else is queued.
---
---Raises for data of another type.
---@param id integer the socket
---@param data skynet.socket.data what is sent
---@param size? integer bytes, when `data` is memory
---@return boolean accepted see `write`
function socket.lwrite(id, data, size) end

---Does nothing: small writes are never held back (TCP_NODELAY is on).
function socket.nodelay() end

-- ## Closing

---Closes a socket of this service, and waits until that is confirmed; what is queued is sent in
---the background. A coroutine that reads gets `false, rest` first. Nothing happens for an unknown
---id.
---@async
---@param id integer the socket
function socket.close(id) end

---Ends a connection at once and drops what is queued. The id stays until `close`; who reads gets
---what is left. Nothing happens for an unknown id.
---@param id integer the socket
function socket.shutdown(id) end

---Closes a socket that this service has not started, such as a connection that it does not want.
---
---Raises `Use socket.close instead` when it has.
---@param id integer the socket
function socket.close_fd(id) end

---Forgets a socket without closing it, for another service to `start` it. Nothing is lost: reading
---stops until then.
---@param id integer the socket
function socket.abandon(id) end

---Sets a function that is called once when the connection ends, for whatever reason, in a service
---coroutine. Unread data can still be read in it.
---
---Raises for an unknown id.
---@param id integer the socket
---@param callback? fun(id: integer) nil: none; it may yield
function socket.onclose(id, callback) end

-- ## Flow control

---Stops reading, until a coroutine of this service waits to read. More than 128 KiB of unread data
---do it, too.
---@async
---@param id integer the socket
function socket.pause(id) end

---Limits the unread data of a socket. When there is more and nobody reads, the connection is
---closed, and the log tells.
---
---Raises for an unknown id and for a negative limit.
---@param id integer the socket
---@param bytes integer the limit; 0: none
function socket.limit(id, bytes) end

---Sets the function that is called when much waits to be sent: at 1 MiB, 2 MiB, 4 MiB and so on,
---and with 0 when all is sent. Without one the log tells.
---
---Raises for an unknown id.
---@param id integer the socket
---@param callback? fun(id: integer, kib: integer) gets the size in KiB; nil: none; it may yield
function socket.warning(id, callback) end

-- ## UDP

---A UDP socket. Without `host` it is of IPv4 and bound by its first send; `port` is ignored then.
---
---`callback(data, address)` is called for each datagram, in a service coroutine of its own.
---Without one datagrams are dropped, and the log tells. Datagrams that come faster than the
---service takes them are lost, the oldest first; `netstat(id).dropped` counts them.
---
---Raises `udp init failed`.
---@param callback? fun(data: string, address: skynet.socket.address) it may yield
---@param host? string the address to bind; without `port`: `"ip:port"`
---@param port? integer the port; 0: any that is free
---@return integer id of the socket
function socket.udp(callback, host, port) end

---A UDP socket that is bound, for a server.
---
---Raises `udp listen host failed`.
---@param host string the address to bind; without `port`: `"ip:port"`
---@param port? integer the port, but not 0
---@param callback? fun(data: string, address: skynet.socket.address) see `udp`
---@return integer id of the socket
function socket.udp_listen(host, port, callback) end

---A UDP socket with a default destination for `write`.
---
---Raises `udp dial host failed`.
---@param host string the destination; without `port`: `"ip:port"`
---@param port? integer its port
---@param callback? fun(data: string, address: skynet.socket.address) see `udp`
---@return integer id of the socket
function socket.udp_dial(host, port, callback) end

---Sets the default destination of a UDP socket. It is no filter: datagrams of all senders come.
---
---Raises `udp connect failed`; the destination is then what it was.
---@param id integer the socket
---@param host string the destination; without `port`: `"ip:port"`
---@param port? integer its port
---@param callback? fun(data: string, address: skynet.socket.address) replaces the one before
function socket.udp_connect(id, host, port, callback) end

---Sends a datagram.
---
---Raises for data of another type, and for an address that is none.
---
---Skynet: the form with host and port is new.
---@overload fun(id: integer, host: string, port: integer, data: skynet.socket.data): boolean
---@param id integer the socket
---@param address skynet.socket.address the destination, as a callback has got it
---@param data skynet.socket.data what is sent
---@param size? integer bytes, when `data` is memory
---@return boolean accepted false when the socket is gone, or of the other family (IPv4, IPv6)
function socket.sendto(id, address, data, size) end

---The address of a UDP peer in words; or what a UDP socket of this service is bound to.
---
---Raises `Invalid udp address`.
---@param address skynet.socket.address|integer the address; or the id of a socket
---@return string ip the address
---@return integer port the port
function socket.udp_address(address) end

-- ## State

---Whether this service does not have the socket: never started, closed, or abandoned.
---@param id integer the socket
---@return boolean is_invalid whether it is so
function socket.invalid(id) end

---Whether a connection of this service has ended.
---@param id integer the socket
---@return boolean? is_disconnected nothing for an unknown id
function socket.disconnected(id) end

---What the sockets of the node are doing.
---
---Skynet: the form with an id, and `dropped`, are new.
---@overload fun(id: integer): skynet.socket.info?
---@return skynet.socket.info[] list one entry a socket of the whole process
function socket.netstat() end

---A socket in `netstat`.
---@class skynet.socket.info
---@field id integer The socket.
---@field address integer Handle of its owner.
---@field type string `"LISTEN"`, `"TCP"`, `"UDP"`, `"BIND"` or `"CLOSING"`.
---@field sock? string Of a listener: `"ip:port"`.
---@field accept? integer Of a listener: connections accepted.
---@field peer? string Of others: `"ip:port"` of the peer, when it is known.
---@field read? integer Bytes read.
---@field write? integer Bytes sent.
---@field wbuffer? integer Bytes that wait to be sent.
---@field rtime integer Time of the last input, as `skynet.now`; 0: never.
---@field wtime? integer Time of the last output.
---@field reading? boolean False while it is paused, and after the peer's end.
---@field writing? boolean True while output waits.
---@field dropped? integer Of UDP: datagrams lost.

---The addresses of a host.
---
---Raises `Name or service not known`.
---@param host string the name
---@return string[] ips each one once
function socket.resolve(host) end

---A big-endian unsigned integer, such as the length before a packet.
---
---Raises `Invalid read` for other sizes.
---@param bytes string 1 to 4 bytes
---@return integer value the number
function socket.header(bytes) end

return socket
