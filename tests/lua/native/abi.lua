-- abi.lua -- modules that are not loaded, and what is said of each.
-- cfg: profile = "true"
-- expect-log: error: module future: built for version 2 of skein.h, this program has version 1
-- expect-log: error: module stub: the exported object is no skein_module
-- expect-log: error: module passive: the skein_module has no function `start`
-- expect-log: error: module hollow has no function hollow_init and no object hollow_module
-- expect-log: error: module small: its table of functions is incomplete
-- expect-log: error: launch bare FAILED
-- expect-log: LAUNCH bare
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

util.run(function()
  for _, name in ipairs { "future", "stub", "passive", "hollow", "small", "bare x" } do
    assert(not skynet.launch(name), name)
  end
  local bare = skynet.launch "bare"
  print(util.try("call failed", skynet.call, bare, "lua", "x"))   -- expect: raises call failed
  skynet.send(bare, "lua", "dropped")
  skynet.kill(bare)
  util.wait_for(function() return util.is_gone(bare) end)
  print "gone"                                      -- expect: gone
end)
