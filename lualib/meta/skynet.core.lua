---@meta skynet.core

---The raw functions below the module `skynet`: types as numbers, sessions by hand, the text
---commands of the C interface. For libraries; services use `skynet`.
---@class skynet.core
local core = {}

-- ## Sending

---Sends a packed message.
---
---Raises for a type out of range, for what is no address, and for a message that is neither a
---string nor a pointer.
---@param addr skynet.address the receiver
---@param type integer type of the message, 0 to 255
---@param session? integer session; nil: a new one
---@param msg skynet.payload the message
---@param size? integer bytes, when `msg` is a pointer
---@return integer? session that of the message; nothing when there is no such service
function core.send(addr, type, session, msg, size) end

---As `send`, in the name of another service.
---
---Raises as `send`.
---@param addr skynet.address the receiver
---@param source integer handle of the sender to be shown; 0: this service
---@param type integer type of the message, 0 to 255
---@param session? integer session; nil: a new one
---@param msg skynet.payload the message
---@param size? integer bytes, when `msg` is a pointer
---@return integer? session that of the message; nothing when there is no such service
function core.redirect(addr, source, type, session, msg, size) end

---As `skynet.genid`.
---@return integer session a new one
function core.genid() end

-- ## Commands

---Runs a text command of the C interface: `TIMEOUT`, `REG`, `QUERY`, `NAME`, `EXIT`, `KILL`,
---`LAUNCH`, `ABORT`, `GETENV`, `SETENV`, `STARTTIME`, `STAT`, `MONITOR`, `LOGON`, `LOGOFF`,
---`SIGNAL`. The page [c-api](../c-api.md) has the commands.
---
---Raises when an argument is of another type.
---@param cmd string the command
---@param parm? string|integer its parameter
---@return string? result nothing when there is none, or no such command
function core.command(cmd, parm) end

---As `command`, with the result as a number.
---
---Raises `Invalid result` when it is none.
---@param cmd string the command
---@param parm? string|integer its parameter
---@return number? result nothing when there is none
function core.intcommand(cmd, parm) end

---As `command`, with a result `":hex"` as a handle.
---@param cmd string the command
---@param parm? string|integer its parameter
---@return integer? handle nothing when the result is no address
function core.addresscommand(cmd, parm) end

-- ## Receiving

---Sets the function that gets every message of this service from the next one on, in place of the
---dispatcher. Errors in it are logged.
---
---Raises when `f` is no function.
---@param f fun(type: integer, msg: lightuserdata?, size: integer, session: integer, source: integer) must not yield
---@param forward? boolean true: the payloads belong to `f`, which passes each one on or frees it
function core.callback(f, forward) end

---Handles a message as if it had just arrived; `skynet.dispatch_message` raises what this returns.
---
---Raises for a type out of range, a negative size, and when more than 16 stand inside of each
---other.
---@param type integer type of the message
---@param msg skynet.payload the payload; it stays the caller's
---@param size integer bytes of the payload, when `msg` is a pointer
---@param session integer session of the message
---@param source integer handle of the sender
---@return boolean is_taken whether a handler or a `rawcall` got to see the payload's address
---@return string? errors of the coroutines that failed
function core.feed(type, msg, size, session, source) end

-- ## Coroutines and time

---What is waited for in this service: the list that `skynet.task` and `skein.waits` are made from.
---@return skynet.core.task[] tasks in no order
function core.tasks() end

---Something that is waited for.
---@class skynet.core.task
---@field thread? thread The service coroutine; nil for a session that was given up.
---@field chain? thread[] The coroutines inside of it, from the innermost outward.
---@field session integer The session that is waited for, or 0.
---@field kind string `"fork"`, `"timeout"`, `"call"`, `"request"`, `"sleep"`, `"wait"`, `"socket"`, `"exit"` or `"given up"`.
---@field callee? integer Handle of the service that is called, or 0.
---@field since? number Seconds since the wait began.
---@field created? string Where a timer was made, see `skynet.trace_timeout`.

---How many sessions are waited for.
---@return integer count see `skynet.task`
function core.waiting() end

---The service coroutine that runs.
---@return thread? co nothing outside of one
function core.thread() end

---The coroutine of the start function.
---@return thread? co nothing when it does not run
function core.start_thread() end

---Whether a coroutine waits for the runtime inside of a resume.
---
---Raises when it is no coroutine.
---@param co thread the coroutine
---@return boolean is_blocked whether it does
function core.blocked(co) end

---Whether a handle belongs to a service that lives.
---@param handle integer the handle
---@return boolean exists true for any service of another node
function core.exists(handle) end

---Adds the CPU time of the current service coroutine, from now to its end, to an account of this
---service.
---
---Raises for a number out of range, and outside of a service coroutine.
---@param account integer number of the account, from 1 on
function core.charge(account) end

---What has been added to an account.
---
---Raises for a number out of range.
---@param account integer number of the account, from 1 on
---@return integer count how many coroutines have ended
---@return number seconds the CPU time of these
function core.charged(account) end

---As `skynet.now`.
---@return integer ticks see there
function core.now() end

---As `skynet.hpc`.
---@return integer ns see there
function core.hpc() end

-- ## Tracing

---As `skynet.tracelog`.
---@param tag string the tag
---@param text string name of the event
---@param thread? thread|integer the coroutine, or the level for the running one
---@param level? integer the level from which on positions are added
function core.trace(tag, text, thread, level) end

---As `skynet.trace`.
---
---Raises outside of a service coroutine.
---@param info? string is added to the first event
function core.trace_start(info) end

---As `skynet.tracetag`.
---@return string|false|nil tag see there
function core.trace_tag() end

---Sets the tag of the current coroutine, without an event.
---@param tag? string nil: none
function core.trace_set(tag) end

---As `skynet.trace_timeout`.
---@param on boolean whether timers note where they were made
function core.trace_timeout(on) end

-- ## Packing, names, log

---As `skynet.pack`.
---@param ... any the values
---@return lightuserdata msg to be given on once
---@return integer size its bytes
function core.pack(...) end

---As `skynet.packstring`.
---@param ... any the values
---@return string text the packed values
function core.packstring(...) end

---As `skynet.unpack`.
---@param msg string|lightuserdata|nil the message
---@param size? integer bytes, when `msg` is a pointer
---@return any ... the values
function core.unpack(msg, size) end

---As `skynet.tostring`.
---@param msg lightuserdata|string|nil the message
---@param size? integer bytes, when `msg` is a pointer
---@return string? text a copy
function core.tostring(msg, size) end

---As `skynet.trash`.
---@param msg lightuserdata|string the message
---@param size? integer bytes, when `msg` is a pointer
function core.trash(msg, size) end

---As `skynet.harbor`.
---@param handle integer handle of a service
---@return integer harbor id of its node
---@return boolean is_remote whether that is another node
function core.harbor(handle) end

---As `skynet.error`.
---@param ... any the values
function core.error(...) end

return core
