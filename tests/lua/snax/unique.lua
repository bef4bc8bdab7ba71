-- unique.lua -- one service per process or network, waiting for it, and the statistics.
-- threads: 1 2 8
-- cfg: snax = "$DIR/support/?.lua"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

util.run(function()
  -- Queries wait; the first that starts it gives the values; all get the same object.
  local got, n = {}, 0
  local function get(how, ...)
    local args = table.pack(...)
    skynet.fork(function()
      local obj = snax[how](table.unpack(args, 1, args.n))
      got[#got + 1], n = obj, n + 1
    end)
  end
  get("queryservice", "full")
  skynet.yield()
  for i = 1, 3 do
    get("uniqueservice", "full", "given by", i)
  end
  get("queryservice", "full")
  util.wait_for(function() return n == 5 end)
  local one = snax.uniqueservice "full"
  for i = 1, 5 do
    assert(got[i] == one)
  end
  print(one.type, one.req.given())                          -- expect: full given by 1
  print(snax.newservice "full" ~= one, snax.queryservice "full" == one)   -- expect: true true
  print(skynet.call(".service", "lua", "LIST")["snaxd.full"] == skynet.address(one.handle))
  -- expect: true

  -- The network's is another one; its key is apart.
  get("queryglobal", "full")
  skynet.yield()
  local global = snax.globalservice("full", "global")
  util.wait_for(function() return n == 6 end)
  print(got[6] == global, global ~= one, global.req.given()) -- expect: true true global
  print(snax.globalservice "full" == global, snax.queryglobal "full" == global)
  -- expect: true true
  print(skynet.call(".service", "lua", "LIST")["@snaxd.full"] == skynet.address(global.handle))
  -- expect: true

  -- A service whose init fails: all who wait get the error, and later ones, too.
  local failed = {}
  for i = 1, 2 do
    skynet.fork(function()
      failed[i] = try("call failed", i == 1 and snax.queryservice or snax.uniqueservice, "failing")
    end)
  end
  local missing = util.wait_for(function() return failed[1] and failed[2] and failed end)
  print(missing[1]:find "raises", missing[2])
  -- expect: 1 raises call failed
  print(try("call failed", snax.uniqueservice, "failing"))   -- expect: raises call failed

  -- Statistics: one entry a name, failures count; what waits takes no time.
  local p = snax.newservice "full"
  for _ = 1, 3 do
    p.req.echo()
  end
  pcall(p.req.fail, "a test of the statistics")
  p.post.fail "another"
  p.req.add(1)
  p.post.add(1)
  p.req.burn(0.02)
  p.req.burn(0, 5)
  local info = snax.profile_info(p)
  local words = {}
  for name, entry in pairs(info) do
    words[#words + 1] = name .. "=" .. entry.count .. math.type(entry.time)
  end
  table.sort(words)
  print(table.concat(words, " "))         -- expect: add=2float burn=2float echo=3float fail=2float
  print(info.burn.time >= 0.02, info.burn.time < 20, info.echo.time < info.burn.time)
  -- expect: true true true
  local waiting
  skynet.fork(function() waiting = show(p.req.wait "x") end)
  p.req.burn(0.2)                         -- in the time of another one that waits
  p.post.wakeup "x"
  util.wait_for(function() return waiting end)
  info = snax.profile_info(p)
  print(info.wait.count, info.wait.time < info.burn.time, info.burn.count)  -- expect: 1 true 3
  print(skynet.call(p.handle, "debug", "INFO").echo.count)              -- expect: 3

  -- Killed while it waits: counted.
  skynet.fork(pcall, p.req.wait, "never")
  skynet.yield()
  p.req.echo()
  skynet.call(p.handle, "debug", "KILLTASK", "thread")
  print(snax.profile_info(p).wait.count)                                -- expect: 2
end)
