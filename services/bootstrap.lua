--- The second service of a node: starts the system services and the user's first one, then exits.
local skynet = require "skynet"
require "skynet.manager"

skynet.start(function()
  local launcher = assert(skynet.launch("snlua", "launcher"), "cannot start the launcher")
  skynet.name(".launcher", launcher)
  local service_mgr = skynet.newservice "service_mgr"
  assert(service_mgr, "cannot start service_mgr")
  pcall(skynet.newservice, skynet.getenv "start" or "main")
  skynet.exit()
end)
