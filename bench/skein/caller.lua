-- caller.lua -- one side of a pair: makes as many calls to its own callee as it is told.
local skynet = require "skynet"

skynet.start(function()
  local callee = skynet.newservice "callee"
  skynet.dispatch("lua", function(_, _, n)
    for i = 1, n do
      assert(skynet.call(callee, "lua", i) == i)
    end
    skynet.retpack(true)
  end)
end)
