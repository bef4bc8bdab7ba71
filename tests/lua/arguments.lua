-- arguments.lua -- each function with wrong arguments: it raises, says why, and nothing is sent.
-- threads: 1 2 8
local skynet = require "skynet.manager"
local core = require "skynet.core"
local util = require "support.util"
local print, try = util.print, util.try

local ADDRESS = "must be a string or number"
local NOBODY = 0xfffffe

local function sending()
  print(try(ADDRESS, skynet.send, nil, "lua"))        -- expect: raises must be a string or number
  print(try(ADDRESS, skynet.call, true, "lua"))       -- expect: raises must be a string or number
  print(try("service address 0", skynet.send, 0, "lua"))  -- expect: raises service address 0
  print(try("service address 0", skynet.call, 0, "lua"))  -- expect: raises service address 0
  print(try("service address 0", core.send, 1.5, 10, 0, "")) -- expect: raises service address 0
  print(try("unknown protocol zz", skynet.send, NOBODY, "zz"))
  -- expect: raises unknown protocol zz
  print(try("field 'pack'", skynet.call, NOBODY, "response"))     -- expect: raises field 'pack'
  print(try("invalid param nil", skynet.rawsend, NOBODY, "lua"))
  -- expect: raises invalid param nil
  print(try("invalid param number", skynet.rawcall, NOBODY, "lua", 1))
  -- expect: raises invalid param number
  print(try("out of range", core.send, NOBODY, 256, 0, ""))       -- expect: raises out of range
  print(try("out of range", core.send, NOBODY, -1, 0, ""))        -- expect: raises out of range
  print(try("unknown protocol", skynet.redirect, NOBODY, 0, "zz", 0, ""))
  -- expect: raises unknown protocol
  print(try("number expected", skynet.redirect, NOBODY, "x", "lua", 0, ""))
  -- expect: raises number expected
  print(try("call to invalid address .none", skynet.call, ".none", "lua"))
  -- expect: raises call to invalid address .none
  print(try("call to invalid address", skynet.rawcall, NOBODY, "lua", ""))
  -- expect: raises call to invalid address
  print(try(nil, skynet.send, NOBODY, "lua"), try(nil, core.send, ":0", 10, 0, "x"))
  -- expect: nothing nothing
end

local function answering()
  print(try("No session", skynet.ret), try("No session", skynet.retpack))
  -- expect: raises No session raises No session
  print(try("no session", skynet.response))                       -- expect: raises no session
  print(try("invalid param table", skynet.trash, {}))
  -- expect: raises invalid param table
  print(try(nil, skynet.tostring, nil), try(nil, skynet.unpack, "")) -- expect: nothing nothing
end

local function waiting()
  print(try("number expected", skynet.sleep))                     -- expect: raises number expected
  print(try("number expected", skynet.timeout, "x", print))       -- expect: raises number expected
  print(try("out of range", skynet.sleep, math.huge))             -- expect: raises out of range
  print(try("out of range", skynet.timeout, 1 << 31, print))      -- expect: raises out of range
  print(try("ticks", skynet.sleep, 0 / 0))                        -- expect: raises ticks
  print(try(nil, skynet.sleep, "0"), try(nil, skynet.sleep, 0.5)) -- expect: nothing nothing
  print(try("NaN", skynet.wait, 0 / 0))                           -- expect: raises NaN
  print(try(nil, skynet.wakeup, nil), try(nil, skynet.wakeup, 0 / 0)) -- expect: nothing nothing
  print(skynet.task())                                            -- expect: 0
end

local function protocols()
  local register = skynet.register_protocol
  local FAILS = "assertion failed"
  print(try(FAILS, register, {}))                           -- expect: raises assertion failed
  print(try(FAILS, register, { name = "lua", id = 99 }))    -- expect: raises assertion failed
  print(try(FAILS, register, { name = "zz", id = 10 }))     -- expect: raises assertion failed
  print(try(FAILS, register, { name = "zz", id = 256 }))    -- expect: raises assertion failed
  print(try(FAILS, register, { name = "zz", id = "20" }))   -- expect: raises assertion failed
  print(try(FAILS, register, { name = 1, id = 20 }))        -- expect: raises assertion failed
  print(try("unknown protocol", skynet.dispatch, "zz", print)) -- expect: raises unknown protocol
  print(try(nil, skynet.dispatch, "zz"))                    -- expect: nil
  print(try(FAILS, skynet.traceproto, "zz", true))          -- expect: raises assertion failed
end

local function environment()
  skynet.setenv(5, 3)
  print(skynet.getenv(5), skynet.getenv "no such key")      -- expect: 3 nil
  print(try("Can't setenv exist key : 5", skynet.setenv, "5", "x"))
  -- expect: raises Can't setenv exist key : 5
  print(try("string expected", skynet.setenv, "key"))       -- expect: raises string expected
  print(try("string expected", skynet.setenv, "key", true)) -- expect: raises string expected
  print(try("without blanks", skynet.setenv, "a b", 1))     -- expect: raises without blanks
  print(try("number expected", skynet.harbor, "x"))         -- expect: raises number expected
end

local function managing()
  print(try("address must be", skynet.kill))                -- expect: raises address must be
  print(try("address must be", skynet.kill, {}))            -- expect: raises address must be
  print(try("name must be", skynet.register))               -- expect: raises name must be
  print(try("name must be", skynet.name, nil, 1))           -- expect: raises name must be
  for _, name in ipairs { "", "123", "0x10", ":abc", "abcdefghijklmnop" } do
    assert(try("assertion failed", skynet.register, name) == "raises assertion failed", name)
  end
  print(try("expected, got table", skynet.newservice, "x", {}))
  -- expect: raises expected, got table
  print(try("expected, got nil", skynet.newservice, "x", nil, 1))
  -- expect: raises expected, got nil
  print(try("not a nil", skynet.uniqueservice))             -- expect: raises not a nil
end

local function sets()
  print(try("assertion failed", skynet.request, 1))         -- expect: raises assertion failed
  local set = skynet.request()
  print(set:close(), set.timeout)                           -- expect: nil nil
  set = skynet.request { NOBODY, "zz" }
  print(try("unknown protocol zz", set.select, set))        -- expect: raises unknown protocol zz
  set = skynet.request { NOBODY, "lua" }
  set:select()
  print(try("assertion failed", set.select, set))           -- expect: raises assertion failed
  print(try("assertion failed", set.add, set, {}))          -- expect: raises assertion failed
end

util.run(function()
  sending()
  answering()
  waiting()
  protocols()
  environment()
  managing()
  sets()
end)
