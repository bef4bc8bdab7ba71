---@meta skynet.debugchannel

---Pipes of lines between two services of a process, and a hook that can stop a coroutine: what the
---remote debugger is made of.
---
---Skynet: channels have numbers instead of pointers, and a read never waits.
---@class skynet.debugchannel
local debugchannel = {}

---One end of a channel. It is released when it is collected.
---@class skynet.debugchannel.channel
local channel = {}

---Writes a line. The service at the other end is told.
---
---Raises when the end is released.
---@param line string the line
---@return true? ok nil when the channel is closed or full
---@return string? message then, why
function channel:write(line) end

---Takes a line. Does not wait.
---
---Raises when the end is released.
---@param timeout? skynet.ticks accepted, and without effect
---@return string? line nothing when there is none
function channel:read(timeout) end

---Whether nothing is left to read and the other end is gone.
---
---Raises when the end is released.
---@return boolean is_closed whether nothing can come any more
function channel:closed() end

---Has `f` run, in a service coroutine, before each message that this service handles while there
---is something to read, or the other end is gone. One end of a service at a time.
---
---Raises when another end is watched, or this one is released.
---@param f? fun() the function; nil ends it
function channel:watch(f) end

---Gives up this end. Later uses of it raise.
function channel:release() end

---Makes a channel.
---
---Raises `new channel failed` when there are too many.
---@return skynet.debugchannel.channel writer the end to write to
---@return integer id for `connect`
function debugchannel.create() end

---The end to read from. It can be taken once.
---
---Raises `Invalid channel pointer` when `id` is no integer; `new channel failed` when there is no
---such channel, or it has a reader.
---@param id integer of the channel
---@return skynet.debugchannel.channel reader the end
function debugchannel.connect(id) end

---As `channel:release()`.
---@param channel skynet.debugchannel.channel the end
function debugchannel.release(channel) end

---As `debug.sethook`, but when `f` returns true the service coroutine stops, until `skynet.wakeup`
---with it. Without `f` the hook is taken away.
---
---Raises for a count that is out of range.
---@overload fun(f: function, mask: string, count?: integer)
---@overload fun()
---@param co thread the coroutine; the running one if it is left out
---@param f? fun(event: string, line: integer?, can_stop: boolean): boolean? the hook
---@param mask? string when it is called, as for `debug.sethook`
---@param count? integer instructions between two calls
function debugchannel.sethook(co, f, mask, count) end

---Writes to a socket, for a service that does not use `skynet.socket`.
---
---Raises when `socket` is none.
---@param socket integer the socket
---@param text string the text
---@return boolean accepted false when the socket is gone
function debugchannel.send(socket, text) end

return debugchannel
