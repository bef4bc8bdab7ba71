--- Adds to the store, and breaks down after ten additions.
local skynet = require "skynet"
local skein = require "skein"

skynet.start(function()
  skein.on_shutdown(function() skynet.error "writer: stops" end)
  skynet.fork(function()
    for i = 1, 10 do
      skynet.call(".store", "lua", "add", i)
      skynet.sleep(5)  -- hundredths of a second
    end
    skein.exit "the tenth addition is too much"
  end)
end)
