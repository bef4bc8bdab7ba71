--- Reads some files at once, one of which is not there.
local skynet = require "skynet.manager"
local files = require "files"

skynet.start(function()
  local pending = 0
  for _, name in ipairs { "config", "main.lua", "nothing" } do
    pending = pending + 1
    skynet.fork(function()
      local text, err = files.read(SERVICE_PATH .. name)
      skynet.error(name, text and #text .. " bytes" or "cannot be read: " .. err)
      pending = pending - 1
    end)
  end
  while pending > 0 do
    skynet.sleep(1)
  end
  skynet.abort()
end)
