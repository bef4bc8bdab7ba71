-- links.lua -- a service that links itself to its argument and does not get through its start.
-- helper: for the test of links
local skynet = require "skynet"
local other = ...

skynet.start(function()
  require "skein".link(tonumber(other))
  require "skynet.manager".register ".links"
  skynet.wait()
end)
