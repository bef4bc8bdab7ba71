--- The second service of a node: starts the system services and the user's first one, then exits.
--
-- A failure of its own ends the process with status 1; one of the user's service is in the log.
local skynet = require "skynet"
require "skynet.manager"

local function start_slave()
  if skynet.getenv "harbor" == "0" then
    assert(not skynet.getenv "standalone", "standalone must not be set when harbor is 0")
    skynet.setenv("standalone", "true")
  else
    skynet.error("error: this version has no links to other harbors: harbor =",
      skynet.getenv "harbor", "runs as a node on its own")
  end
  skynet.name(".cslave", assert(skynet.newservice "cdummy", "cannot start cdummy"))
end

local function start_system()
  local launcher = assert(skynet.launch("snlua", "launcher"), "cannot start the launcher")
  skynet.name(".launcher", launcher)
  start_slave()
  assert(skynet.newservice "service_mgr", "cannot start service_mgr")
end

skynet.start(function()
  local ok, err = pcall(start_system)
  if not ok then
    skynet.error("error: the node cannot start:", err)
    require "skein".exit_status(1)
    skynet.abort()
  end
  pcall(skynet.newservice, skynet.getenv "start" or "main")  -- its failure is in the log
  skynet.exit()
end)
