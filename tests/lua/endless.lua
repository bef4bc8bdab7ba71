-- endless.lua -- a service that loops for ever is named with its Lua stack, and can be killed.
-- not-under: thread the checker holds signals back in code that calls no C library
-- threads: 2 8
-- cfg: stuckms = 300
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local LOOPS = {
  "local function spinning() while true do end end spinning()",
  "local function never() while true do pcall(never) end end never()",
  [[while true do
    pcall(function() local g <close> = setmetatable({}, { __close = function() end }) error() end)
  end]],
  "while true do coroutine.wrap(function() for i = 1, 10 do end end)() end",
  [[local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
    while true do pcall(function() return t[1] end) end]],
  "skynet.sleep(0) while true do end",
  "table.sort({ 2, 1 }, function() while true do end end)",
}

util.run(function()
  local witness = util.peer()
  for i, code in ipairs(LOOPS) do
    local victim = util.peer()
    local box = util.eval_later(victim, code)
    util.in_log(("to [ :%08x ] maybe in an endless loop"):format(victim))
    util.in_log(("[:%08x] error: still in the same message"):format(victim))
    -- Nobody else is hurt meanwhile.
    assert(util.eval(witness, "return 'fine'") == "fine")
    skynet.kill(victim)
    util.wait_for(function() return box.result end, "the refusal")
    print(i, box.result)
    -- expect: 1 raises call failed
    -- expect: 2 raises call failed
    -- expect: 3 raises call failed
    -- expect: 4 raises call failed
    -- expect: 5 raises call failed
    -- expect: 6 raises call failed
    -- expect: 7 raises call failed
  end
  print(util.in_log "'spinning'") -- expect: true

  -- One that only takes long is reported, goes on, and can tell.
  local slow = util.peer()
  local before = util.eval(slow, "return skynet.endless()")
  local box = util.eval_later(slow, [[
    local last = skynet.hpc() + 1.2e9
    while skynet.hpc() < last do end
    return 'done', skynet.endless(), skynet.endless()]])
  util.wait_for(function() return box.result end)
  print(before, box.result)                         -- expect: false "done" true false
end)
