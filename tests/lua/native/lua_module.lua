-- lua_module.lua -- a Lua C module finds its service and does what every service can.
-- threads: 1 2
-- expect-log: warn: said in C
local skynet = require "skynet"
local side = require "luaside"
local native = require "support.native"
local util = require "support.util"
local print = util.print

util.run(function()
  local told = native.init()
  print(side.self() == skynet.self())               -- expect: true
  print(coroutine.wrap(side.self)() == skynet.self())  -- expect: true
  print(side.send(skynet.self(), 0, "to myself"))   -- expect: 0
  util.wait_for(function() return told[1] end)
  print(told[1])                                    -- expect: to myself
  print(side.send(0x7fffff, 0, "x"))                -- expect: -10001
  print(side.refused())     -- expect: -10010 -10010 -10010 -10010 -10010 -10010
  side.log "said in C"
  print(side.memory() > 10000, side.outside())      -- expect: true false
end)
