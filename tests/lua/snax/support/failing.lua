--- A snax service whose init always fails, and takes a moment for it.
local skynet = require "skynet"

function init()
  skynet.sleep(2)
  error "failing: init"
end
