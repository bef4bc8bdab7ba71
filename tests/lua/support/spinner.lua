--- A service that is always busy: each message takes a while, and sends the next one.
local skynet = require "skynet"

skynet.dispatch("lua", function()
  local x = 0
  for i = 1, 3000 do
    x = x + i % 7
  end
  skynet.send(skynet.self(), "lua", x)
end)

skynet.start(function()
  skynet.send(skynet.self(), "lua")
end)
