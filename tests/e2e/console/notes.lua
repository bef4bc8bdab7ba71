-- notes.lua -- writes what it is sent into the log.
local skynet = require "skynet"
require "skynet.manager"

skynet.start(function()
  skynet.register ".notes"
  skynet.dispatch("lua", function(_, source, ...)
    skynet.error("note of", skynet.address(source), ...)
  end)
end)
