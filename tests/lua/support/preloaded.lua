--- A service that answers what the preload file left behind.
local skynet = require "skynet"

skynet.start(function()
  skynet.dispatch("lua", function()
    skynet.retpack(_G.PRELOADED, _G.PRELOAD_SAW, _G.LUA_PATH, _G.LUA_CPATH, _G.LUA_SERVICE,
      _G.LUA_PRELOAD)
  end)
end)
