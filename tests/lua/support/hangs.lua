-- A service whose start function never ends.
local skynet = require "skynet"

skynet.start(function()
  skynet.wait "never"
end)
