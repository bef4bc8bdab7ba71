-- endless_close.lua -- loops where no task runs: in __tostring of an error, in __close.
-- not-under: thread the checker holds signals back in code that calls no C library
-- threads: 2
-- cfg: stuckms = 300
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local LOOPS = {
  "error(setmetatable({}, { __tostring = function() while true do end end }))",
  [[local c <close> = setmetatable({}, { __close = function() while true do end end })
    error "x"]],
  [[local co = skynet.fork(function()
      local c <close> = setmetatable({}, { __close = function() while true do end end })
      skynet.wait()
    end)
    skynet.yield()
    skynet.killthread(co)]],
}

util.run(function()
  for i, code in ipairs(LOOPS) do
    local victim = util.peer()
    local box = util.eval_later(victim, code)
    util.in_log(("[:%08x] error: still in the same message"):format(victim))
    skynet.kill(victim)
    util.wait_for(function() return box.result and util.is_gone(victim) end)
    print(i, box.result)
    -- expect: 1 raises call failed
    -- expect: 2 raises call failed
    -- expect: 3 nothing
  end

  -- Behind exit. That the process ends shows that the loop has ended.
  local victim = util.peer()
  local box = util.eval_later(victim, [[
    local c <close> = setmetatable({}, { __close = function() while true do end end })
    skynet.exit()]])
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed
end)
