--- A snax service whose methods are made by a loop: its interface needs `names` and ipairs.
local skynet = require "skynet"

interface_ran = (interface_ran or 0) + 1 -- luacheck: ignore 113

function response.paths()
  return SERVICE_PATH, package.path:match "^[^;]*", loaded_from -- luacheck: ignore 113
end

for _, name in ipairs(names) do -- luacheck: ignore 113
  response[name] = function()
    return name, interface_ran, skynet.self() -- luacheck: ignore 113
  end
end
