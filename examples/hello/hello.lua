--- A first service: counts, and answers whoever asks.
local skynet = require "skynet"

local count = 0
local command = {}

function command.add(n)
  count = count + n
  return count
end

skynet.start(function()
  skynet.dispatch("lua", function(_, _, name, ...) -- session, source, what was sent
    skynet.retpack(command[name](...))
  end)
  skynet.fork(function()
    for i = 1, 3 do
      local total = skynet.call(skynet.self(), "lua", "add", i)
      skynet.error("the count is", total)
      skynet.sleep(100) -- hundredths of a second
    end
  end)
end)
