--- A service that runs the Lua code it is sent.
--
-- eval(code, ...): answers with the results of the chunk, which is called with the arguments and
-- may answer by itself. The globals of the service are shared by all chunks.
local skynet = require "skynet"
skynet.manager = require "skynet.manager"

local function answer(session, ...)
  if session ~= 0 and skynet.context() then
    skynet.retpack(...)
  end
end

skynet.dispatch("lua", function(session, _, command, code, ...)
  assert(command == "eval", "unknown command")
  local chunk = assert(load(code, "=peer"))
  answer(session, chunk(...))
end)

rawset(_G, "skynet", skynet)
skynet.start(function() end)
