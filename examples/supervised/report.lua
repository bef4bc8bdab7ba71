--- Waits until the writer has been at work for a while, reports once, and is done.
local skynet = require "skynet"

skynet.start(function()
  skynet.fork(function()
    repeat
      skynet.sleep(5)
      local sum = skynet.call(".store", "lua", "sum")
    until sum >= 20
    skynet.error "report: the sum is 20 or more"
    skynet.exit()
  end)
end)
