-- sink.lua -- counts sends; a call answers how many came since the last call.
local skynet = require "skynet"

local count = 0

skynet.start(function()
  skynet.dispatch("lua", function(session)
    if session == 0 then
      count = count + 1
    else
      skynet.retpack(count)
      count = 0
    end
  end)
end)
