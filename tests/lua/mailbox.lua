-- mailbox.lua -- skein.mailbox: bounds by length and by delay, each policy, what is never refused.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  local self = skynet.self()

  --- A peer with a bound. `code` runs before, in its start.
  local function bounded(settings)
    local peer = util.peer()
    util.eval(peer, [[
      skein = require "skein"
      seen = {}
      skein.mailbox(...)
      -- Fills the mailbox while nothing can be taken out of it: the sender is this service.
      function fill(count, kind)
        for i = 1, count do
          local ok = skynet.send(skynet.self(), "lua", "eval", "seen[#seen + 1] = ...", i)
          if kind then kind[i] = ok end
        end
      end]], settings)
    return peer
  end
  local function stat(peer)
    return util.eval(peer, "local s = skein.stat() return s.refused, s.dropped")
  end
  local function seen(peer)
    return util.eval(peer, "local text = table.concat(seen, ' ') seen = {} return text")
  end
  local function quiet(peer)
    return util.eval(peer, "skynet.yield() return skynet.mqlen()")
  end

  -- Without a bound nothing is counted.
  print(util.show(skein.mailbox()))                 -- expect: nil
  print(skein.stat().refused, skein.stat().dropped) -- expect: 0 0

  -- refuse: what is there stays, what comes then is dropped; send tells.
  local peer = bounded { max = 5, policy = "refuse" }
  local results = util.eval(peer, [[
    local kind = {}
    fill(8, kind)
    for i = 1, 8 do kind[i] = tostring(kind[i]) end
    return table.concat(kind, " ")]])
  print(results)                                    -- expect: 0 0 0 0 0 nil nil nil
  print(quiet(peer), seen(peer))                    -- expect: 0 1 2 3 4 5
  print(stat(peer))                                 -- expect: 3 0
  print(util.in_log "overload, requests refused so far: 3, dropped: 0")  -- expect: true

  -- refuse: a call fails; it works again when there is room.
  local caller = util.peer()
  print(util.eval(peer, [[
    fill(5)
    local ok = pcall(skynet.call, skynet.self(), "lua", "eval", "return 1")
    return ok]]))                                   -- expect: false
  print(util.eval(caller, "return skynet.call(..., 'lua', 'eval', 'return 7')", peer))  -- expect: 7
  print(seen(peer))                                 -- expect: 1 2 3 4 5

  -- The answer that a full mailbox waits for, a timer, an error, a debug request, an exit notice.
  print(util.eval(peer, [[
    local helper = ...
    local fired
    fill(5)
    skynet.timeout(0, function() fired = true end)
    skein.monitor(0xfffff0, function() gone = true end)
    skynet.send(skynet.self(), "debug", "GC")
    local n = skynet.call(helper, "lua", "eval", "return 42")
    local ok = pcall(skynet.call, helper, "lua", "eval", "error 'x'")
    return n, ok, fired]], caller))                 -- expect: 42 false true
  print(quiet(peer), seen(peer), util.eval(peer, "return gone"))  -- expect: 0 1 2 3 4 5 true

  -- drop_oldest: the oldest ones go, the newest ones are handled; callers of the former fail.
  peer = bounded { max = 3, policy = "drop_oldest" }
  util.eval(peer, "fill(6)")
  print(quiet(peer), seen(peer))                    -- expect: 0 4 5 6
  print(stat(peer))                                 -- expect: 0 3
  local failed, done = 0, 0
  for i = 1, 20 do
    skynet.fork(function()
      local ok = pcall(util.eval, peer, [[seen[#seen + 1] = ...
        local last = skynet.hpc() + 2e6
        repeat until skynet.hpc() > last]], i)
      done = done + 1
      failed = failed + (ok and 0 or 1)
    end)
  end
  util.wait_for(function() return done == 20 end)
  print(failed > 0, select(2, seen(peer):gsub("%d+", "")) + failed)  -- expect: true 20
  peer = bounded { max = 3, policy = "drop_oldest" }

  -- ... and at twice the bound nothing more gets in.
  util.eval(peer, "fill(20)")
  print(quiet(peer), seen(peer))                    -- expect: 0 4 5 6
  print(stat(peer))                                 -- expect: 14 3

  -- warn: a line, nothing else.
  peer = bounded { max = 3 }
  util.eval(peer, "fill(10)")
  print(quiet(peer), seen(peer))                    -- expect: 0 1 2 3 4 5 6 7 8 9 10
  print(stat(peer))                                 -- expect: 0 0
  print(util.in_log(("[:%08x] error: May overload, message queue length = "):format(peer)))
  -- expect: true

  -- Delay. Each message takes 20 ms; five wait.
  local slow = [[
    local busy = ...
    for i = 1, 8 do
      skynet.send(skynet.self(), "lua", "eval", busy, i)
    end]]
  local busy = [[
    local last = skynet.hpc() + 20e6
    repeat until skynet.hpc() > last
    seen[#seen + 1] = ...]]
  peer = bounded { delay_ms = 50, policy = "drop_oldest" }
  util.eval(peer, slow, busy)
  quiet(peer)
  local handled = seen(peer)
  print(handled:sub(1, 3), handled:find "8" == nil) -- expect: 1 2 true
  local refused, dropped = stat(peer)
  print(refused, dropped > 0 and dropped + (#handled + 1) // 2 == 8)  -- expect: 0 true

  peer = bounded { delay_ms = 50, policy = "warn" }
  util.eval(peer, slow, busy)
  print(quiet(peer), seen(peer))                    -- expect: 0 1 2 3 4 5 6 7 8
  print(util.in_log(("[:%08x] error: May overload, a message has waited for "):format(peer)))
  -- expect: true

  -- refuse by delay: while the oldest one waits too long nothing new gets in, then it does again.
  peer = bounded { delay_ms = 50, policy = "refuse" }
  util.eval(peer, [[
    local busy = ...
    for i = 1, 8 do
      skynet.send(skynet.self(), "lua", "eval", busy .. " tries = tries or {} tries[#tries + 1]"
        .. " = tostring(skynet.send(skynet.self(), 'lua', 'eval', 'more = (more or 0) + 1'))", i)
    end]], busy)
  util.wait_for(function()
    local ok, n = pcall(util.eval, peer, "return #seen")
    return ok and n == 8
  end)
  print(util.eval(peer, "return tries[1]"), util.eval(peer, "return tries[7]"))  -- expect: 0 nil
  print(stat(peer) > 0, util.eval(peer, "skynet.yield() return more") > 0)
  -- expect: true true

  -- The settings.
  print(util.eval(peer, "local s = skein.mailbox() return s.delay_ms, s.policy, s.max"))
  -- expect: 50 refuse nil
  util.eval(peer, "skein.mailbox { max = 7 }")
  print(util.eval(peer, "local s = skein.mailbox() return s.max, s.policy"))
  -- expect: 7 warn
  print(util.eval(peer, "skein.mailbox(false) return skein.mailbox()"))  -- expect: nil
  seen(peer)
  util.eval(peer, "fill(3000)")
  print(quiet(peer), select(2, seen(peer):gsub("%d+", "")))  -- expect: 0 3000
  local function wrong(settings, expected)
    print(util.try("skein.mailbox: " .. expected, skein.mailbox, settings))
  end
  wrong({}, "max or delay_ms expected")
  -- expect: raises skein.mailbox: max or delay_ms expected
  wrong({ max = 0 }, "max is a whole number")
  -- expect: raises skein.mailbox: max is a whole number
  wrong({ max = 2.5 }, "max is a whole number")
  -- expect: raises skein.mailbox: max is a whole number
  wrong({ max = 1 << 31 }, "max is")                -- expect: raises skein.mailbox: max is
  wrong({ delay_ms = "x" }, "delay_ms is")          -- expect: raises skein.mailbox: delay_ms is
  wrong({ max = 1, policy = "drop" }, "policy is")  -- expect: raises skein.mailbox: policy is
  wrong({ max = 1, policy = 1 }, "policy is")       -- expect: raises skein.mailbox: policy is
  wrong({ maximum = 1 }, "unknown setting maximum")
  -- expect: raises skein.mailbox: unknown setting maximum
  print(util.try("table expected", skein.mailbox, true))  -- expect: raises table expected
end)
