--- A service in a folder of its own: what the loader tells it of its place.
local skynet = require "skynet"
local args = table.pack(...)

skynet.start(function()
  skynet.dispatch("lua", function()
    skynet.retpack(SERVICE_NAME, SERVICE_PATH, package.path:match "^[^;]*", require "private",
      table.concat(args, " "))
  end)
end)
