-- echo_agent.lua -- echoes one connection, then ends.
local skynet = require "skynet"
local serve = require "echo_loop"

skynet.start(function()
  skynet.dispatch("lua", function(_, _, id)
    serve(id)
    skynet.exit()
  end)
end)
