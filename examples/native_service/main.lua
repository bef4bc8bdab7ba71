--- Asks the limiter for more than it allows, and waits as long as it says.
local skynet = require "skynet.manager"

skynet.start(function()
  local limiter = assert(skynet.launch("limiter", "2 5")) -- 2 a second, 5 at once

  for _, name in ipairs { "ann", "bob" } do
    local allowed = 0
    while skynet.call(limiter, "lua", "take", name) do
      allowed = allowed + 1
    end
    skynet.error(name, "may", allowed >= 5 and "5 or more" or allowed, "at once")
  end

  local ok, seconds = skynet.call(limiter, "lua", "take", "ann", 5)
  skynet.error("ann has to wait for five more:", not ok and seconds > 0)
  skynet.sleep(math.ceil(seconds * 100) + 1)
  skynet.error("and then gets them:", (skynet.call(limiter, "lua", "take", "ann", 5)))

  local wrong = pcall(skynet.call, limiter, "lua", "take", "ann", 6)
  skynet.error("more than fit into the bucket:", wrong)
  local stats = skynet.call(limiter, "lua", "stats")
  skynet.error(("%d keys, %d refused"):format(stats.keys, stats.refused))
  skynet.abort()
end)
