-- values.lua -- a Lua call that is read and written in C: what comes back is what was sent.
-- threads: 1 2
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and math.type(a) == math.type(b)
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

util.run(function()
  local mirror = skynet.launch "mirror"
  local sent = {
    1, -1, 255, 65536, 1 << 40, math.mininteger, 1.5, 2.0, true, false, "", "text", ("x"):rep(300),
    ("y"):rep(70000), { 1, 2, { 3, nil, 5 } }, { a = { b = { 7 } }, [2.5] = "half" },
    list = table.pack(table.unpack({}, 1, 40)),
  }
  for i = 1, 100 do sent.list[i] = i end
  print(same(sent, skynet.call(mirror, "lua", sent)))         -- expect: true
  print(util.show(skynet.call(mirror, "lua")))                -- expect: nothing
  print(util.show(skynet.call(mirror, "lua", nil, 1, nil)))   -- expect: nil 1 nil
  local deep = {}
  for _ = 1, 31 do deep = { deep } end
  print(same(deep, skynet.call(mirror, "lua", deep)))         -- expect: true
  skynet.redirect(mirror, skynet.self(), "lua", 0, "\7")      -- damaged: dropped
  print(util.show(skynet.call(mirror, "lua", "still here")))  -- expect: "still here"
end)
