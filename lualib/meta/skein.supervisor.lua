---@meta skein.supervisor

---Supervisors: services that are started in order, restarted when they fail, and stopped in
---reverse order. The page [supervision](../supervision.md) tells when to use which setting. A
---supervisor is an object of the service that calls `start`; its children never outlive that
---service.
---
---```lua
---local supervisor = require "skein.supervisor"
---local sup = assert(supervisor.start {
---  strategy = "one_for_one", intensity = 3, period = 10,
---  children = {
---    { id = "db", start = { "db", "main" }, name = ".db" },
---    { id = "game", start = { "game" }, restart = "transient" },
---  },
---})
---```
---@class skein.supervisor
local supervisor = {}

---@alias skein.child_id string|integer What a child is called in its supervisor.

---The settings of a supervisor.
---@class skein.supervisor_spec
---@field strategy? "one_for_one"|"one_for_all"|"rest_for_one" What is restarted when a child fails: it alone (the default), all, or it and those started after it.
---@field intensity? number How many restarts within `period` are accepted, 1 if absent. With one more the supervisor stops its children and ends its service.
---@field period? number Seconds, 5 if absent.
---@field auto_shutdown? "never"|"any_significant"|"all_significant" Whether the supervisor ends with its significant children; `"never"` if absent.
---@field children? skein.child_spec[] The children, in the order of their start.

---The settings of a child. Either `start` or `supervisor` is there.
---@class skein.child_spec
---@field id skein.child_id Its name, no other child's.
---@field start? table|function `{ "service", arguments... }`, as for `skynet.newservice`; or a function that starts a service and returns its handle, which may yield.
---@field supervisor? skein.supervisor_spec Settings of a nested supervisor, which runs as a service of its own. No functions in it.
---@field restart? "permanent"|"transient"|"temporary" When it is restarted: always (the default), unless it ends normally or by a shutdown, never.
---@field shutdown? number|"kill"|"infinity" Seconds that it may take to stop before it is killed: 5 if absent, `"infinity"` for a supervisor.
---@field start_timeout? number Seconds that its start may take, 30 if absent.
---@field name? string A local name that it has while it runs, with its dot.
---@field significant? boolean See `auto_shutdown`. Not for permanent children.

---A child in `which`.
---@class skein.child
---@field id skein.child_id Its name.
---@field state "running"|"starting"|"stopping"|"stopped" What it does.
---@field handle? integer Its service, when there is one.
---@field restart string As in its settings.
---@field restarts integer How often it was restarted.
---@field reason? string Why it has ended the last time.
---@field name? string As in its settings.

---Starts the children, one after the other.
---
---Raises `supervisor: ...` for settings that are wrong.
---@async
---@param spec skein.supervisor_spec the settings
---@return skein.supervisor_object? sup nil when a child does not start; the others are stopped then
---@return string? message then, which one, and why
function supervisor.start(spec) end

---What `start` returns.
---@class skein.supervisor_object
local sup = {}

---The service of a child.
---@param id skein.child_id the child
---@return integer? handle nil when it does not run, or there is none
function sup:handle(id) end

---The children.
---@return skein.child[] list in the order of their start
function sup:which() end

---How many children there are.
---@return {specs: integer, running: integer, restarts: integer} count all, those that run, and how often they were restarted together
function sup:count() end

---Adds a child behind the others and starts it.
---
---Raises `supervisor: ...` for settings that are wrong.
---@async
---@param spec skein.child_spec its settings
---@return integer? handle of its service; nil when it does not start, and is not added
---@return string? message then, why
function sup:start_child(spec) end

---Stops a child, as at the end of the supervisor. It stays in the list, unless it is temporary.
---@async
---@param id skein.child_id the child
---@return true? ok nil when there is none
---@return string? message then
function sup:terminate(id) end

---Starts a child that is stopped; one that runs is stopped first. Does not count for `intensity`.
---@async
---@param id skein.child_id the child
---@return integer? handle of its service; nil when it does not start, or there is none
---@return string? message then, why
function sup:restart(id) end

---Takes a child that is stopped out of the list.
---@async
---@param id skein.child_id the child
---@return true? ok nil when there is none, or it is not stopped
---@return string? message then, which
function sup:delete(id) end

---Stops all children, in the reverse order of their start. The service of the supervisor goes on.
---@async
---@return true ok when the last one is gone
function sup:stop() end

return supervisor
