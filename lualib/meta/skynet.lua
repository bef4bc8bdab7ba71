---@meta skynet

---What every service uses: sending and calling, waiting, starting services.
---
---Words used on all pages: a **tick** is 1/100 s. A **service coroutine** is the coroutine in
---which the runtime calls a handler, a start function, a timer's function or the function of a
---fork. A function that **may yield** suspends the calling service coroutine while other messages
---are handled. It may be called wherever Lua lets a coroutine yield, inside `pcall` and inside
---coroutines of your own too; elsewhere (the main chunk of a file, a `__gc`, a comparison function
---of `table.sort`) it raises `attempt to yield from outside a coroutine` or a like error, and does
---nothing.
---
---An argument of a wrong type raises `bad argument`, everywhere; the pages name the other errors.
---
---```lua
---local skynet = require "skynet"
---skynet.start(function()
---  skynet.dispatch("lua", function(session, source, command, ...)
---    skynet.retpack("done", command)
---  end)
---end)
---```
---@class skynet
local skynet = {}

---@alias skynet.address integer|string A handle; `":hex"`, a handle in hexadecimal; `".name"`, a name of this process; any other text, a global name.
---@alias skynet.session integer The number of a request, 1 to 2^31-1, unique among the open requests of its sender; 0: no answer is wanted.
---@alias skynet.ticks number A time in 1/100 s; fractions are accepted where a time is given.
---@alias skynet.payload string|lightuserdata|nil A packed message: a string (copied), or a pointer from `skynet.pack`, which is the callee's from then on and goes with a size.

-- ## Types of messages

skynet.PTYPE_TEXT = 0 -- Text: log lines, native services.
skynet.PTYPE_RESPONSE = 1 -- The answer to a request; a timer that is due.
skynet.PTYPE_MULTICAST = 2 -- Reserved for multicast.
skynet.PTYPE_CLIENT = 3 -- Data of clients; notices to the service of `skynet.monitor`.
skynet.PTYPE_SYSTEM = 4 -- Notices of the runtime, such as "open the log file anew".
skynet.PTYPE_HARBOR = 5 -- Between nodes.
skynet.PTYPE_SOCKET = 6 -- Events of sockets.
skynet.PTYPE_ERROR = 7 -- A request has failed; with session 0, the sender is gone.
skynet.PTYPE_QUEUE = 8 -- The protocol of `skynet.mqueue`.
skynet.PTYPE_DEBUG = 9 -- The protocol of `skynet.debug`.
skynet.PTYPE_LUA = 10 -- Ordinary calls between Lua services.
skynet.PTYPE_SNAX = 11 -- The protocol of `skynet.snax`.
skynet.PTYPE_TRACE = 12 -- The tag for the next request of the sender.

-- ## Values

---The module `skynet.codecache`.
---@type skynet.codecache
skynet.cache = nil
---The module `skynet.coroutine`, loaded by its first use.
---@type skynet.coroutine
skynet.coroutine = nil

-- ## Protocols

---A protocol: how messages of one type are packed, unpacked and handled. The table that
---`register_protocol` was given is the one in use: fields may be changed later.
---@class skynet.protocol
---@field name string The name for `send`, `call` and `dispatch`.
---@field id integer The type of the messages, 0 to 255.
---@field pack? fun(...: any): string|lightuserdata, integer? Values to a string, or to a pointer and size. Needed to send.
---@field unpack? fun(msg: lightuserdata, size: integer): ... A message to values. Needed to receive, and by `call`. Must not yield.
---@field dispatch? fun(session: integer, source: integer, ...: any) Handles a message, in a service coroutine. Its results are ignored.
---@field trace? boolean See `traceproto`.

---Registers a protocol. Protocols `lua`, `response`, `error` and `debug` are there from the start.
---
---Raises `assertion failed` when the name or id is not valid, or registered already.
---
---```lua
---skynet.register_protocol {
---  name = "text",
---  id = skynet.PTYPE_TEXT,
---  pack = function(text) return text end,
---  unpack = skynet.tostring,
---}
---```
---@param class skynet.protocol the protocol; the table is kept
function skynet.register_protocol(class) end

---Sets the function that handles the messages of a protocol, and returns the one before. Without
---`func`, returns the present one. A handler is called as `func(session, source, ...)`, each time
---in a service coroutine of its own; `session` is 0 when no answer is wanted. An error in it is
---logged, and the caller's `call` raises `call failed`, unless it has been answered.
---
---Raises for an unknown protocol when `func` is given; without it the result is nil then.
---@param typename string|integer name or id of the protocol
---@param func? fun(session: integer, source: integer, ...: any) the handler; it may yield
---@return function? previous the handler before, or nil
function skynet.dispatch(typename, func) end

---Sets the function for messages without a session whose protocol is not registered or has no
---handler. It is called as `f(session, source, msg, size, prototype)`, `prototype` being the name
---of the protocol, or the id of one that is not registered. The function at first logs the message
---and raises. Requests of this kind are answered with an error, without a call.
---
---Raises when `f` is no function.
---@param f fun(session: integer, source: integer, msg: lightuserdata, size: integer, prototype: string|integer) must not yield
---@return function previous the function before
function skynet.dispatch_unknown_request(f) end

---Sets the function for answers that nobody waits for. It is called as `f(session, source, msg,
---size)`. The function at first logs the message and raises, which is logged, too.
---
---Raises when `f` is no function.
---@param f fun(session: integer, source: integer, msg: lightuserdata, size: integer) must not yield
---@return function previous the function before
function skynet.dispatch_unknown_response(f) end

---Handles a message as if it had just arrived: all of what the runtime does with one, woken
---coroutines and forks included. For code that receives messages by itself, see
---`skynet.core.callback`.
---
---Raises the errors of the coroutines that failed, as one text.
---@param type integer type of the message
---@param msg skynet.payload the payload; it stays the caller's
---@param size integer bytes of the payload, when `msg` is a pointer
---@param session integer session of the message
---@param source integer handle of the sender
function skynet.dispatch_message(type, msg, size, session, source) end

-- ## Sending and calling

---Sends values to a service and goes on at once. No answer is expected.
---
---Raises for an unknown protocol, for what is no address, and what the protocol's `pack` raises.
---@param addr skynet.address the receiver
---@param typename string|integer name or id of the protocol, mostly `"lua"`
---@param ... any values for the protocol's `pack`
---@return integer? ok 0; nothing when there is no such service in this process
function skynet.send(addr, typename, ...) end

---As `send`, with a message that is packed already.
---
---Raises as `send`.
---@param addr skynet.address the receiver
---@param typename string|integer name or id of the protocol
---@param msg skynet.payload the message
---@param size? integer bytes, when `msg` is a pointer
---@return integer? ok 0; nothing when there is no such service in this process
function skynet.rawsend(addr, typename, msg, size) end

---Sends a request and waits for the answer. There is no limit of time, unless the call stands
---inside of `skein.deadline`; see `request` for a limit for several calls.
---
---Raises `call to invalid address` when there is no such service, `call failed` when the callee
---fails, answers with an error or ends, `call failed: deadline exceeded`; further what `send`
---raises, and what the protocol's `unpack` raises.
---
---```lua
---local sum = skynet.call(adder, "lua", "add", 1, 2)
---```
---@async
---@param addr skynet.address the callee
---@param typename string|integer name or id of the protocol
---@param ... any values for the protocol's `pack`
---@return any ... the values of the answer
function skynet.call(addr, typename, ...) end

---As `call`, with packed messages both ways.
---
---Raises what `call` raises.
---@async
---@param addr skynet.address the callee
---@param typename string|integer name or id of the protocol
---@param msg skynet.payload the request
---@param size? integer bytes, when `msg` is a pointer
---@return lightuserdata msg the answer; valid until the coroutine yields next
---@return integer size its bytes
function skynet.rawcall(addr, typename, msg, size) end

---Sends a packed message in the name of another service, with a given session: so a request is
---handed on, or answered for somebody else.
---
---Raises as `rawsend`.
---
---```lua
---skynet.ignoreret()  -- the answer will come from the worker
---skynet.redirect(worker, source, "lua", session, skynet.pack("work"))
---```
---@param dest skynet.address the receiver
---@param source integer handle of the sender to be shown; 0: this service
---@param typename string|integer name or id of the protocol
---@param session? integer session of the message; nil: a new one of this service
---@param msg skynet.payload the message
---@param size? integer bytes, when `msg` is a pointer
---@return integer? session that of the message; nothing when there is no such service
function skynet.redirect(dest, source, typename, session, msg, size) end

---A new session of this service.
---@return integer session not in use
function skynet.genid() end

-- ## Answering

---Answers the request that the current coroutine handles, with a packed message.
---
---Raises `No session` when there is no request, or it is answered, or was taken over by `response`
---or `ignoreret`.
---@param msg? skynet.payload the answer; without it an empty one
---@param size? integer bytes, when `msg` is a pointer
---@return boolean sent false when no answer was wanted (the message was sent with `send`), or the caller is gone
function skynet.ret(msg, size) end

---Answers with values: `skynet.ret(skynet.pack(...))`.
---
---Raises as `ret` and `pack`.
---@param ... any the values that the caller's `call` returns
---@return boolean sent see `ret`
function skynet.retpack(...) end

---Takes the duty to answer from the current coroutine: returns a function that answers later, from
---any coroutine of this service. When the service exits, requests that are still open fail.
---
---- `r(true, ...)` answers with the values; true, or false when the caller is gone.
---- `r(false)` answers with an error: the caller's `call` raises `call failed`.
---- `r "TEST"` tells whether an answer is still wanted: false once given, or the caller is gone.
---
---A second answer raises `Can't response more than once`. What `pack` raises goes to the caller of
---`r`, which may then be called again. For a message that wants no answer `r` does nothing.
---
---Raises `no session` when there is no open request.
---
---```lua
---local waiting = {}
---skynet.dispatch("lua", function()
---  waiting[#waiting + 1] = skynet.response()
---end)
---```
---@param pack? fun(...: any): string|lightuserdata, integer? packs the answer; `skynet.pack` without it
---@return skynet.reply r the function
function skynet.response(pack) end

---What `response` returns.
---@class skynet.reply
---@overload fun(ok: boolean|"TEST", ...: any): boolean?

---Says that the current coroutine will not answer: no error goes to the caller when it fails, and
---no warning is logged when it ends. Used with `redirect`.
function skynet.ignoreret() end

---The request that the current coroutine handles.
---@return integer? session 0 for a send; nil when it is answered or taken over, and outside of handlers
---@return integer? source handle of the sender; nil outside of handlers
function skynet.context() end

-- ## Several calls at once

---Makes a set of requests, which are sent together and answered in any order. A set is called to
---add a request: `skynet.request { addr, "lua", ... } { addr, "lua", ... }`.
---
---Raises `assertion failed` when `req` is no table.
---
---```lua
---local set = skynet.request { a, "lua", "load" } { b, "lua", "load", tag = "b" }
---for req, resp in set:select(300) do
---  print(req.tag, resp and resp[1] or "failed")
---end
---if set.timeout then print "some answers are missing" end
---```
---@param req? skynet.request_entry the first request
---@return skynet.request_set set the set
function skynet.request(req) end

---A request of a set: `{ addr, typename, ... }`. Other fields are kept, and may serve as tags.
---@class skynet.request_entry
---@field [1] skynet.address The callee.
---@field [2] string|integer Name or id of the protocol.
---@field [integer] any The values to be sent.
---@field n? integer Index of the last value, when that may be nil.

---A set of requests. It is also their list: `#set`, `set[i]`.
---@class skynet.request_set
---@overload fun(req: skynet.request_entry): skynet.request_set
---@field timeout? boolean True when `select` ended because its time was over.
local request = {}

---Adds a request, as a call of the set does.
---
---Raises `assertion failed` when `req` is no table, or after `select`.
---@param req skynet.request_entry the request
---@return skynet.request_set set itself
function request:add(req) end

---Sends all requests; the results are for a generic `for`. It gives each request once, with its
---answer: a table of the values, with `n`; false when the call failed; nil when there is no such
---service (these come first). The loop ends when all are answered or the time is over; leaving it
---early gives the others up. The iterator may yield, and so may the body.
---
---Raises `assertion failed` the second time, and raises for an unknown protocol; then nothing is
---sent.
---@param timeout? skynet.ticks for all of them together; without it no limit
---@return async fun(): skynet.request_entry?, table|false|nil next the iterator
---@return nil state of no use
---@return nil start of no use
---@return skynet.request_set closing itself, closed at the end of the loop
function request:select(timeout) end

---Gives up the answers that are still open. A `for` does it by itself. Harmless at any time.
function request:close() end

-- ## Coroutines, waiting, timers

---Runs `f(...)` in a new service coroutine, after the current one has yielded or ended and before
---the next message is handled.
---@param f function the function; it may yield. Its results are ignored, an error is logged
---@param ... any its arguments
---@return thread co the coroutine in which it runs
function skynet.fork(f, ...) end

---Runs `f()` in a new service coroutine after a time. `killthread` of the result takes it back.
---
---Raises when `ti` is no number.
---
---Skynet: `f` gets no arguments, and fractions of a tick are accepted.
---@param ti skynet.ticks the time; 0 or less: at once, behind the messages that wait already
---@param f fun() the function; it may yield
---@return thread co the coroutine in which it will run
function skynet.timeout(ti, f) end

---Waits.
---
---Raises `token duplicative` when another coroutine waits on the token; and when `ti` is no
---number.
---@async
---@param ti skynet.ticks the time
---@param token? any what `wakeup` may be called with to end it early; the running coroutine without it
---@return "BREAK"? result nothing when the time is over, `"BREAK"` when woken
function skynet.sleep(ti, token) end

---Lets the messages be handled that wait already: `sleep(0)`.
---@async
---@return "BREAK"? result as of `sleep`
function skynet.yield() end

---Waits until `wakeup(token)`. A wakeup may come for another reason than hoped for, so look at the
---condition again, in a loop.
---
---Raises `token duplicative` when another coroutine waits on the token.
---@async
---@param token? any any value but nil, false and NaN, compared by raw equality; the running coroutine without it
function skynet.wait(token) end

---Wakes the coroutine that waits on the token, in `sleep` or `wait`. It runs after the current one
---has yielded or ended. A wakeup is not remembered for a later wait. It does not end a `call`.
---@param token any the token
---@return boolean? woken true; nothing when no coroutine waits on it
function skynet.wakeup(token) end

---Ends another coroutine of this service: its to-be-closed variables run, the request that it
---handles fails at the caller, an answer that it waits for is dropped. A fork that has not begun,
---or a timer, is taken back.
---@param thread thread|string the coroutine; or a Lua pattern, for the first one whose `tostring` matches
---@return thread? killed the coroutine; nothing when there is none to end, or it is the running one
function skynet.killthread(thread) end

---Makes a critical section, as the module [skynet.queue](skynet.queue.md) does.
---@return skynet.section cs call it as `cs(f, ...)`
function skynet.queue() end

-- ## Services

---Starts a Lua service and waits until its start function has returned.
---
---Raises `call failed` when it does not start; the log tells why. Raises for arguments of other
---types.
---
---Skynet: booleans are accepted; values that cannot be passed raise at the caller.
---@async
---@param name string file name, looked up along `luaservice`
---@param ... string|number|boolean its arguments. They arrive as strings, cut at white space
---@return integer? handle of the service; nothing when it has exited by itself while it started
function skynet.newservice(name, ...) end

---The only service of a name in the process, or in the network with `true`: started by the first
---call, with its arguments; others wait for that, and get the same handle, also after the service
---has ended.
---
---Raises the text of the failure when it did not start, and again for each later call.
---@async
---@overload async fun(global: true, name: string, ...: string|number|boolean): integer
---@param name string name of the service
---@param ... string|number|boolean its arguments, see `newservice`
---@return integer handle of the service
function skynet.uniqueservice(name, ...) end

---The service that somebody has started, or will start, with `uniqueservice`. Waits for that.
---
---Raises the text of the failure when it did not start.
---@async
---@overload async fun(global: true, name: string): integer
---@param name string name of the service
---@return integer handle of the service
function skynet.queryservice(name) end

---Ends this service. Requests it has not answered fail at their callers, so do calls to it from
---now on; to-be-closed variables of its coroutines run; its sockets send what is queued and are
---closed. Does not return.
function skynet.exit() end

---The handle of this service.
---@return integer handle of this service
function skynet.self() end

---The service that has a name in this process.
---@param name string a name with its dot, `".launcher"`
---@return integer? handle of the service; nothing when there is none
function skynet.localname(name) end

---An address as text.
---@param addr skynet.address a handle gives `":%08x"`, other values their `tostring`
---@return string text the text
function skynet.address(addr) end

---The node of a service.
---
---Raises when `handle` is no integer.
---@param handle integer handle of a service
---@return integer harbor id of its node, 0 to 255
---@return boolean is_remote whether that is another node
function skynet.harbor(handle) end

---Fails all calls of this service to another one, as if that had ended; the other one is not
---touched. The calls raise `call failed` when the current coroutine yields or ends.
---
---Skynet: the request that the caller of `term` handles may still be answered.
---@param addr skynet.address the other service
function skynet.term(addr) end

---Begins to handle messages. Called once, at the end of the main chunk. First the functions of
---`init` run, then `f`, in a service coroutine. When `f` returns, the `newservice` that waits for
---this service returns; when it fails, that raises `call failed`, and the service exits. Messages
---that come meanwhile are handled.
---@param f fun() the start function; it may yield
function skynet.start(f) end

---Has `f` run before the start function, or, in a module that is required later, before `require`
---returns.
---
---Raises when `f` is no function; and after `start`, outside of a module that is being loaded.
---@param f fun() it may yield
function skynet.init(f) end

---Runs the functions of `init` and then `f` in the current coroutine, as `start` does: for a
---loader that sets its own message function with `skynet.core.callback`.
---@async
---@param f fun() the start function; it may yield
function skynet.init_service(f) end

---Limits the Lua memory of this service. An allocation beyond it raises `not enough memory` in the
---handler that asked.
---
---Raises when `bytes` is no integer, or negative.
---
---Skynet: may be called at any time, and again; it holds from then on.
---@param bytes integer the limit; 0: none
function skynet.memlimit(bytes) end

---Sets the function that answers the debug command INFO, the console's `info ADDRESS`.
---@param f fun(...: any): ... gets the arguments of the command; its results are the answer
function skynet.info_func(f) end

-- ## Services and names

---Starts a native service, or `"snlua"` with the name of a Lua service. Does not wait for its
---start function.
---@param module string name of the module, looked up along `cpath`
---@param ... string|number its parameter, joined with blanks
---@return integer? handle of the service; nothing when it did not start
function skynet.launch(module, ...) end

---Ends a service at once. No code of it runs any more but finalizers; requests that it has
---accepted or not yet looked at fail at their callers. An unknown service is ignored.
---@param addr skynet.address the service, but no global name
function skynet.kill(addr) end

---Ends all services and then the process. The log is written to its end.
function skynet.abort() end

---Names this service. `".name"` is local to the process; the first registration wins until that
---service exits. Any other name is global, and registered in the background.
---
---Raises `assertion failed` for a global name that is longer than 15 bytes, begins with a colon or
---reads as a number.
---@param name string the name
function skynet.register(name) end

---Names a service, as `register`.
---
---Raises as `register`, and `assertion failed` when `addr` is no service.
---@param name string the name
---@param addr skynet.address a handle, `":hex"` or `".name"`
function skynet.name(name, addr) end

---Makes a service the exit monitor of the process: for each service that ends it gets a message of
---type `PTYPE_CLIENT`, without a payload, from the handle that is gone. The last one set gets
---them. See `skein.monitor` for watching single services.
---
---Raises as `uniqueservice`.
---@async
---@param name string name of the service; it is started with `uniqueservice(true, name)`
---@param query? boolean true: only look it up, with `queryservice`
---@return integer handle of the service
function skynet.monitor(name, query) end

---Takes the place of `start`: messages of type `t` with a `map[t]` are handled as type `map[t]`,
---and their payloads belong to the handler, which passes each one on once or frees it with
---`trash`.
---@param map table<integer, integer> type to type
---@param start fun() the start function; it may yield
function skynet.forward_type(map, start) end

---Takes the place of `start`: each message goes first through `f(type, msg, size, session,
---source)`, which returns these five values, changed or not.
---@param f fun(type: integer, msg: lightuserdata?, size: integer, session: integer, source: integer): integer, lightuserdata?, integer, integer, integer must not yield
---@param start fun() the start function; it may yield
function skynet.filter(f, start) end

-- ## Time, statistics, environment

---The time on the node's clock, which does not jump.
---@return integer ticks since a moment less than a second before the start of the process
function skynet.now() end

---When the process was started.
---@return integer seconds Unix time
function skynet.starttime() end

---The present time: `starttime() + now() / 100`. Changes of the system's clock are not followed.
---@return number seconds Unix time, with fractions
function skynet.time() end

---A fine clock, for measuring.
---@return integer ns nanoseconds since an unspecified moment
function skynet.hpc() end

---How many messages wait for this service.
---@return integer count the number
function skynet.mqlen() end

---A figure of this service: `"mqlen"` messages that wait; `"message"` messages handled; `"cpu"`
---CPU seconds used; `"time"` CPU seconds of the message that is being handled; `"endless"` 0 or 1,
---see `endless`; `"mqmax"` the longest its mailbox has been; `"memory"` bytes of its Lua heap. 0
---for others.
---
---Skynet: `"mqmax"` and `"memory"` are new.
---@param what string which figure
---@return number value its value
function skynet.stat(what) end

---Whether a message has kept this service busy so long that the node logged it as a possible
---endless loop. Reading it clears it.
---@return boolean was_endless since the last time
function skynet.endless() end

---A value of the configuration, or of `setenv`.
---
---Raises when `key` is no string.
---@param key string the key
---@return string? value booleans of the configuration are `"true"` and `"false"`; nil when it is not set
function skynet.getenv(key) end

---Sets a value for the whole process, once.
---
---Raises `Can't setenv exist key` when it is set already, and for a key with blanks.
---@param key string the key
---@param value string|number the value
function skynet.setenv(key, value) end

---Writes a line to the log: the arguments, through `tostring`, with blanks between. See
---`skein.log` for lines with a level and fields.
---
---Raises only what a `__tostring` raises.
---@param ... any the values
function skynet.error(...) end

-- ## Packing

---Packs values into one message: nil, booleans, numbers, strings, light userdata, and tables of
---these, 32 levels deep at most. Metatables are left out, but `__pairs` is used.
---
---Raises `Unsupport type ... to serialize`, and `serialize can't pack too depth table`.
---@param ... any the values
---@return lightuserdata msg to be given on to exactly one sending function, or to `trash`
---@return integer size its bytes
function skynet.pack(...) end

---As `pack`, to a string.
---
---Raises as `pack`.
---@param ... any the values
---@return string text the packed values
function skynet.packstring(...) end

---The values of a packed message. Nil and an empty one have none.
---
---Raises `Invalid serialize stream` when it is damaged.
---@param msg string|lightuserdata|nil the message; it stays the caller's
---@param size? integer bytes, when `msg` is a pointer
---@return any ... the values
function skynet.unpack(msg, size) end

---A copy of a message as a string.
---
---Raises when `msg` is neither a string nor a pointer with a size.
---@param msg lightuserdata|string|nil the message; it stays the caller's
---@param size? integer bytes, when `msg` is a pointer
---@return string? text the bytes; nothing for nil
function skynet.tostring(msg, size) end

---Frees a message that is not going to be sent. A string is ignored.
---
---Raises `skynet.trash invalid param` for other types.
---@param msg lightuserdata|string the message
---@param size? integer bytes, when `msg` is a pointer
function skynet.trash(msg, size) end

-- ## Looking at tasks, tracing

---What the coroutines of this service wait for.
---
---- Without an argument: the number of sessions that are waited for.
---- A table: is filled with `"<thread> session: <n>"` to traceback; no result.
---- A session: the traceback of the coroutine that waits for it, or `"No session"`.
---- A coroutine: the session that it waits for, or nothing.
---- `"init"`: the traceback of the start function while it runs, or nothing.
---@param arg? table|integer|thread|"init" what is asked for
---@return integer|string|nil result see above
function skynet.task(arg) end

---The coroutines that wait, those at the same place together.
---@return table<string, string> tasks `"<count>\tsessions:[...]\n"` to traceback
function skynet.uniqtask() end

---Begins to trace the current coroutine under a new tag: its calls, and what they cause in other
---services, are logged as `<TRACE tag> time event`.
---
---Raises outside of a service coroutine.
---@param info? string is added to the first event
function skynet.trace(info) end

---The tag of the current coroutine.
---@return string|false|nil tag nil: not traced; false: switched off with `traceproto`
function skynet.tracetag() end

---Sets how the requests of a protocol are traced.
---
---Raises `assertion failed` for an unknown protocol.
---@param typename string|integer name or id of the protocol
---@param flag boolean|nil true: each one begins a trace; false: none, tags that come are dropped; nil: those that bring a tag
function skynet.traceproto(typename, flag) end

---Writes an event of a trace to the log.
---@param tag string the tag
---@param text string name of the event
---@param thread? thread|integer the coroutine whose position is added; or the level, for the running one
---@param level? integer the level in its stack from which on positions are added; without it none
function skynet.tracelog(tag, text, thread, level) end

---As `rawcall`, passing on a trace: logs `tracecall begin` and `tracecall end`.
---
---Raises as `rawcall`.
---@async
---@param tag string the tag
---@param addr skynet.address the callee
---@param typename string|integer name or id of the protocol
---@param msg skynet.payload the request
---@param size? integer bytes, when `msg` is a pointer
---@return lightuserdata msg the answer; valid until the coroutine yields next
---@return integer size its bytes
function skynet.tracecall(tag, addr, typename, msg, size) end

---Has timers note where they were made, for `task`.
---@param on boolean whether they do
function skynet.trace_timeout(on) end

---The function `pcall` of Lua, under an old name.
---@deprecated
---@param f function the function
---@param ... any its arguments
---@return boolean ok whether it returned
---@return any ... its results, or the error
function skynet.pcall(f, ...) end

return skynet
