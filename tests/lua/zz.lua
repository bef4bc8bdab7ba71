local skynet = require "skynet.manager"
local util = require "support.util"
local LOOPS = {
  "local function spinning() while true do end end spinning()",
  "local function never() while true do pcall(never) end end never()",
  [[while true do
    pcall(function() local g <close> = setmetatable({}, { __close = function() end }) error() end)
  end]],
  "while true do coroutine.wrap(function() for i = 1, 10 do end end)() end",
  "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) while true do pcall(function() return t[1] end) end",
  "skynet.sleep(0) while true do end",
}
util.run(function()
 for i = 1, #LOOPS do
 print("LOOP", i)
 local victim = util.peer()
 local box = util.eval_later(victim, LOOPS[i])
 skynet.sleep(100)
 skynet.kill(victim)
 local t = skynet.now()
 while not box.result and skynet.now() < t + 300 do skynet.sleep(5) end
 print(box.result, skynet.now() - t)
 if not box.result then break end
 end
end)
