-- game.lua -- what the debugger stops: its handler begins in line 14.
local skynet = require "skynet"
local CMD = {}
local total = 111
local step = 0

function CMD.add(n)
  total = total + n
  step = step + 1
  return total, "ok"
end
skynet.start(function()
  skynet.dispatch("lua", function(_, _, cmd, ...)
    local f = CMD[cmd]
    skynet.retpack(f(...))
  end)
  skynet.info_func(function(...)
    return { steps = step, words = table.concat({ ... }, "+") }
  end)
end)
