-- quits.lua -- ends while it starts.
local skynet = require "skynet"

skynet.start(function()
  skynet.exit()
end)
