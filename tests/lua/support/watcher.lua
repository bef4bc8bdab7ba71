--- The exit monitor of its process: answers with the handles it was told of since the last time.
local skynet = require "skynet"
local seen = {}

skynet.register_protocol {
  name = "client",
  id = skynet.PTYPE_CLIENT,
  unpack = function(_, sz) return sz end,
  dispatch = function(session, source, sz)
    seen[#seen + 1] = ("%d %d %d"):format(session, source, sz)
  end,
}

skynet.start(function()
  skynet.dispatch("lua", function()
    skynet.retpack(table.concat(seen, ", "))
    seen = {}
  end)
end)
