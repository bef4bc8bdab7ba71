-- cluster.lua -- enablecluster: the same messages on the protocol lua.
-- threads: 1 2 8
-- cfg: snax = "$DIR/support/?.lua"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

util.run(function()
  local class = snax.interface "full"
  local a = snax.newservice("full", "cluster", "given")
  print(show(skynet.call(a.handle, "lua", class.response.echo, 1, nil)))  -- expect: 1 nil
  skynet.send(a.handle, "lua", class.accept.add, 5)
  print(skynet.call(a.handle, "lua", class.response.add, 1), a.req.add(0))  -- expect: 6 6
  print(try("call failed", skynet.call, a.handle, "lua", class.response.fail, "over lua"))
  -- expect: raises call failed
  print(skynet.call(a.handle, "lua", class.system.profile).echo.count)    -- expect: 1
  print(show(skynet.call(a.handle, "lua", class.system.exit)))            -- expect: nothing
  print(util.wait_for(function() return util.is_gone(a.handle) end))      -- expect: true

  -- Without it the protocol has no handler.
  local b = snax.newservice "full"
  print(try("call failed", skynet.call, b.handle, "lua", class.response.echo, 1))
  -- expect: raises call failed
  print(b.req.echo "lives")                                               -- expect: lives
end)
