--- A service whose start function never returns; its name is .never_starts.
local skynet = require "skynet.manager"

skynet.start(function()
  skynet.register ".never_starts"
  skynet.wait()
end)
