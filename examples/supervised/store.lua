--- Keeps a sum. It takes at most a hundred requests at a time, and tells what it has at the end.
local skynet = require "skynet"
local skein = require "skein"

local sum = 0
local command = {}

function command.add(n)
  sum = sum + n
  return sum
end

function command.sum()
  return sum
end

skein.mailbox { max = 100, policy = "refuse" }
skein.on_shutdown(function(reason)
  skynet.error(("store: the sum is %d at the end (%s)"):format(sum, reason))
end)

skynet.dispatch("lua", function(_, _, name, ...)
  skynet.retpack(command[name](...))
end)
skynet.start(function() end)
