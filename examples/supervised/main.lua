--- Starts the store, then what needs it; restarts what fails; stops all in the reverse order.
local skynet = require "skynet"
local supervisor = require "skein.supervisor"

skynet.start(function()
  assert(supervisor.start {
    strategy = "rest_for_one",  -- a new store is empty: who uses it starts anew, too
    intensity = 5,
    period = 10,
    children = {
      { id = "store", start = { "store" }, name = ".store", shutdown = 3 },
      { id = "writer", start = { "writer" } },
      { id = "report", start = { "report" }, restart = "transient" },
    },
  })
  skynet.error "all started"
end)
