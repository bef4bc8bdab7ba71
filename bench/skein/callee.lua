-- callee.lua -- answers every call with the value that it got.
local skynet = require "skynet"

skynet.start(function()
  skynet.dispatch("lua", function(_, _, value)
    skynet.retpack(value)
  end)
end)
