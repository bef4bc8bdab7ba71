--- The second service of a node: starts the system services and the user's first one, then exits.
local skynet = require "skynet"
require "skynet.manager"

skynet.start(function()
  local launcher = assert(skynet.launch("snlua", "launcher"), "cannot start the launcher")
  skynet.name(".launcher", launcher)
  if skynet.getenv "harbor" == "0" then
    assert(not skynet.getenv "standalone", "standalone must not be set when harbor is 0")
    skynet.setenv("standalone", "true")
  else
    skynet.error("error: this version has no links to other harbors: harbor =",
      skynet.getenv "harbor", "runs as a node on its own")
  end
  local ok, slave = pcall(skynet.newservice, "cdummy")
  if not ok then
    skynet.abort()
  end
  skynet.name(".cslave", slave)
  assert(skynet.newservice "service_mgr", "cannot start service_mgr")
  pcall(skynet.newservice, skynet.getenv "start" or "main")  -- its failure is in the log
  skynet.exit()
end)
