-- ends.lua -- ends while it starts, in the way of its argument.
-- helper: for the tests of exit reasons
local skynet = require "skynet"
local how = ...

local start = {
  start_fails = function()
    error "out of luck"
  end,
  start_memory = function()
    skynet.sleep(1)  -- a limit holds from the next resume on
    return ("x"):rep(100 * 1024 * 1024)
  end,
  start_exits = skynet.exit,
}
if how == "chunk_fails" then
  error "no luck"
end
skynet.memlimit(16 * 1024 * 1024)
if how == "chunk_memory" then
  return ("x"):rep(100 * 1024 * 1024)
end
skynet.start(start[how])
