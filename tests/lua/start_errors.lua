-- start_errors.lua -- rarer ways to fail while starting: errors without a text, starting twice.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: tmp = "$TMP"
-- cfg: luaservice = "$DIR/?.lua;$TMP/?.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local function start(name, code)
  local file = assert(io.open(skynet.getenv "tmp" .. "/" .. name .. ".lua", "w"))
  file:write(code)
  file:close()
  return util.try("call failed", skynet.newservice, name)
end

util.run(function()
  print(start("with_table", "error {}"))             -- expect: raises call failed
  print(util.in_log "lua loader error : (no error message)") -- expect: true
  print(start("with_number", "error(12)"))           -- expect: raises call failed
  print(util.in_log "lua loader error : 12")         -- expect: true
  print(start("with_object", [[
    error(setmetatable({}, { __tostring = function() return "never shown" end }))]]))
  -- expect: raises call failed
  print(util.log():find "never shown")               -- expect: nil

  -- The second start fails, and with it the service; the first was reported before.
  local text = start("twice", [[
    local skynet = require "skynet"
    skynet.start(function() end)
    skynet.start(function() end)]])
  local handle = math.tointeger(text)
  print(util.wait_for(function() return util.is_gone(handle) end)) -- expect: true
  print(util.in_log "init service failed: skynet.start a second time") -- expect: true
  print(skynet.call(".launcher", "lua", "LIST")[skynet.address(handle)]) -- expect: nil
end)
