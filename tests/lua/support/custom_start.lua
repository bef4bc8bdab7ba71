--- A service that brings its own callback instead of calling skynet.start.
local skynet = require "skynet"
local core = require "skynet.core"

local steps = {}

skynet.init(function() steps[#steps + 1] = "init" end)
skynet.dispatch("lua", function() skynet.retpack(table.concat(steps, " ")) end)

core.callback(skynet.dispatch_message)
skynet.timeout(0, function()
  skynet.init_service(function() steps[#steps + 1] = "start" end)
end)
