-- Answers with what the loader told of its place.
local skynet = require "skynet"
local path, package_path = SERVICE_PATH, package.path

skynet.start(function()
  skynet.dispatch("lua", function() skynet.retpack(SERVICE_NAME, path, package_path) end)
end)
