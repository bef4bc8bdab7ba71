--- A service whose start goes wrong, or right, in the way its first argument says.
local skynet = require "skynet"
local mode, second = ...

local function step(name)
  if mode == name then
    error("starter fails in " .. name)
  elseif mode == "exit_" .. name then
    skynet.exit()
  end
end

step "chunk"
if mode == "no_start" then
  return
end

skynet.dispatch("lua", function(_, _, what)
  if what == "words" then
    skynet.retpack(SERVICE_NAME, mode, second)
  else
    skynet.retpack(what)
  end
end)

skynet.init(function() step "init" end)
skynet.init(function()
  if mode == "slow" then
    skynet.sleep(2)
  end
end)

skynet.start(function()
  if mode == "twice" then
    skynet.start(function() end)
  elseif mode == "self_call" then
    assert(skynet.call(skynet.self(), "lua", "early") == "early")
  end
  skynet.yield()
  step "start"
end)
