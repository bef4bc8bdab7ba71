-- idle.lua -- the smallest service: it needs skynet and answers calls.
local skynet = require "skynet"

skynet.start(function()
  skynet.dispatch("lua", function()
    skynet.ret()
  end)
end)
