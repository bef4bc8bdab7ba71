-- A service that answers whether skynet.task "init" told where its start function was, and whether
-- it tells nothing now.
local skynet = require "skynet"
local told

local function start_here()
  skynet.fork(function()
    told = skynet.task "init"
    skynet.wakeup "told"
  end)
  skynet.wait "told"
end

skynet.start(function()
  start_here()
  skynet.dispatch("lua", function()
    skynet.retpack(told:find("start_here", 1, true) ~= nil, skynet.task "init" == nil)
  end)
end)
