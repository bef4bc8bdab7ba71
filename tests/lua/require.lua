-- require.lua -- require in coroutines: modules that block, fail, meet each other, go in circles.
-- threads: 2
-- cfg: tmp = "$TMP"
-- cfg: lua_path = "tests/lua/?.lua;$TMP/?.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local function module(name, text)
  local file = assert(io.open(skynet.getenv "tmp" .. "/" .. name .. ".lua", "w"))
  file:write('local skynet = require "skynet" ' .. text)
  file:close()
end

util.run(function()
  -- A main chunk and init functions that block; the init functions run before require returns.
  module("blocks", [[
    trail = (trail or "") .. "a"
    skynet.sleep(1)
    skynet.init(function() skynet.sleep(1) trail = trail .. "i" end)
    trail = trail .. "b"
    return { name = ..., args = select("#", ...) }]])
  local results = {}
  for i = 1, 3 do
    skynet.fork(function() results[i] = require "blocks" end)
  end
  util.wait_for(function() return results[1] and results[2] and results[3] end)
  print(rawget(_G, "trail"), results[1] == results[2], results[2] == results[3])
  -- expect: abi true true
  print(results[1].name, results[1].args, select("#", require "blocks")) -- expect: blocks 2 1

  -- No value, false, and what the module put into package.loaded itself.
  module("none", "")
  module("false_value", "return false")
  module("own", "package.loaded.own = 'own value'")
  print(require "none", require "own")              -- expect: true own value
  print(require "false_value", require "false_value") -- expect: false false

  -- A failing module: its loader gets the error, who waits for it another one; then anew.
  module("fails", "skynet.sleep(1) error 'broken module'")
  for i = 1, 2 do
    skynet.fork(function()
      results["fail" .. i] = select(2, pcall(require, "fails"))
    end)
  end
  util.wait_for(function() return results.fail1 and results.fail2 end)
  print(results.fail1:match "broken module", results.fail2:match "require fails failed")
  -- expect: broken module require fails failed
  module("fails", "return 'mended'")
  print(require "fails")                            -- expect: mended
  module("wrong", "local x = = 1")
  print(util.try("wrong.lua:1:", require, "wrong")) -- expect: raises wrong.lua:1:
  print(util.try("module 'missing' not found", require, "missing"))
  -- expect: raises module 'missing' not found

  -- Circles, directly and from an init function.
  module("circle_a", "return require 'circle_b'")
  module("circle_b", "return require 'circle_a'")
  print(util.try("circular dependency", require, "circle_a")) -- expect: raises circular dependency
  module("circle_init", "skynet.init(function() require 'circle_init' end)")
  print(util.try("circular dependency", require, "circle_init"))
  -- expect: raises circular dependency

  -- skynet.init where it has no meaning.
  print(util.try("skynet.init after", skynet.init, print)) -- expect: raises skynet.init after
end)
