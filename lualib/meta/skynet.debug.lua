---@meta skynet.debug

---The protocol `debug`, which every service answers: what the debug console and other tools ask
---for. `skynet.call(addr, "debug", COMMAND, ...)` sends a command; an unknown one fails.
---
---| command | arguments | answer |
---| --- | --- | --- |
---| `MEM` | | KiB of the Lua heap |
---| `GC` | | none (to be sent): collects garbage |
---| `STAT` | | `{ task, mqlen, cpu, message }` |
---| `TASK` | `[session]` | see `skynet.task` |
---| `UNIQTASK` | | see `skynet.uniqtask` |
---| `KILLTASK` | pattern | nothing, or `"Not found"`; see `skynet.killthread` |
---| `INFO` | any | what the function of `skynet.info_func` returns |
---| `EXIT` | | the service exits, and the call fails |
---| `RUN` | source, file name, arguments | ok, printed text; see `skynet.inject` |
---| `TERM` | handle | none (to be sent): `skynet.term(handle)` |
---| `REMOTEDEBUG` | socket, channel id | when the debugger leaves; see `skynet.remotedebug` |
---| `SUPPORT` | protocol | whether it is handled |
---| `PING` | | nothing |
---| `LINK` | | an error when the service ends |
---| `WAIT` | | see `skein.waits` |
---| `TRACELOG` | `[protocol,]` flag | nothing; see `skynet.traceproto` |
---
---Skynet: `RUN`, `KILLTASK` and `REMOTEDEBUG` from another node are refused.
---@class skynet.debug
local debug = {}

---Adds a command to this service. The built-in ones win.
---@param name string the command
---@param f fun(...: any) gets the arguments, and answers with `skynet.ret` or `skynet.retpack`; it may yield
function debug.reg_debugcmd(name, f) end

---Sets the handler of the protocol. The runtime calls it at the first debug message.
---@param target skynet the module `skynet`
function debug.init(target) end

return debug
