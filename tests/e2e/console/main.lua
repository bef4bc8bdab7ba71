-- main.lua -- starts what the console's test needs; says where the services are.
local skynet = require "skynet"

skynet.start(function()
  skynet.newservice("debug_console", skynet.getenv "console_ip" or "127.0.0.1", "0")
  for _, name in ipairs { "notes", "game", "peer", "peer" } do
    local handle = skynet.newservice(name)
    skynet.error(("%s is %s"):format(name, skynet.address(handle)))
  end
  skynet.error "main is ready"
end)
