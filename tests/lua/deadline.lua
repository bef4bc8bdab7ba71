-- deadline.lua -- skein.deadline: calls end in time, nested calls inherit what is left.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer, second = util.peer(), util.peer()
  local function late(...) return util.try("call failed: deadline exceeded", ...) end

  -- No deadline, results, and no harm to what ends in time.
  print(skein.remaining())                          -- expect: nil
  print(util.show(skein.deadline(60, util.eval, peer, "return nil, 'x', nil")))
  -- expect: nil "x" nil
  print(skein.remaining())                          -- expect: nil
  print(skein.deadline(60, function() return skein.remaining() > 50 end))  -- expect: true

  -- Expired while waiting; the late answer is dropped.
  local start = skynet.hpc()
  print(late(skein.deadline, 0.02, util.eval, peer, "skynet.wait 'go' return 'late'"))
  -- expect: raises call failed: deadline exceeded
  print((skynet.hpc() - start) / 1e9 >= 0.02)       -- expect: true
  print(util.eval(peer, "return skynet.wakeup 'go'")) -- expect: true
  print(util.eval(peer, "return 'again'"))          -- expect: again
  print(util.task_count(), util.log():find("Unknown session", 1, true))  -- expect: 0 nil

  -- Nested: the earlier end counts, and each is restored.
  print(skein.deadline(60, function()
    local inner = skein.deadline(1, skein.remaining)
    local outer = skein.remaining()
    local wider = skein.deadline(1000, skein.remaining)
    return inner <= 1, outer > 50, wider <= 60
  end))                                             -- expect: true true true
  print(skein.deadline(60, function()
    local ok, err = pcall(skein.deadline, 1, error, "thrown")
    return ok, err, skein.remaining() > 50
  end))                                             -- expect: false thrown true
  print(skein.deadline(60, function()
    local ok, err = pcall(skein.deadline, 1, function() skynet.sleep(0) error("later", 0) end)
    return ok, err, skein.remaining() > 50
  end))                                             -- expect: false later true
  print(skein.remaining())                          -- expect: nil

  -- Inherited by the callee, and by its callee.
  util.eval(peer, "skein = require 'skein'")
  util.eval(second, "skein = require 'skein'")
  print(util.show(util.eval(peer, "return skein.remaining()")))  -- expect: nil
  print(skein.deadline(30, util.eval, peer, [[
    local here = skein.remaining()
    local there = skynet.call(..., "lua", "eval", "return skein.remaining()")
    return here <= 30, here > 20, there <= here, there > 20]], second))
  -- expect: true true true true
  print(late(skein.deadline, 0.02, util.eval, peer, [[
    ok, err = pcall(skynet.call, ..., "lua", "eval", "skynet.wait()")
    ended = true]], second))                        -- expect: raises call failed: deadline exceeded
  util.wait_for(function() return util.eval(peer, "return ended") end)
  print(util.eval(peer, "return ok, err:match 'deadline exceeded'"))
  -- expect: false deadline exceeded

  -- Forks and timers have none of their own.
  print(skein.deadline(30, function()
    local in_fork = "unset"
    skynet.fork(function() in_fork = skein.remaining() end)
    skynet.yield()
    return in_fork
  end))                                             -- expect: nil

  -- Already past: nothing is handled.
  util.eval(peer, "handled = false")
  print(util.try("call failed", skein.deadline, 0, util.eval, peer, "handled = true"))
  -- expect: raises call failed
  print(util.eval(peer, "return handled"))          -- expect: false

  -- Inside stock coroutines, and two at once in one service.
  local trail = {}
  for i = 3, 1, -1 do
    skynet.fork(function()
      local outcome = coroutine.wrap(function()
        return late(skein.deadline, i * 0.03, util.eval, second, "skynet.wait()")
      end)()
      trail[#trail + 1] = i .. " " .. outcome
    end)
  end
  util.wait_for(function() return #trail == 3 end)
  print(#trail, trail[1]:sub(1, 8), trail[3]:sub(1, 8))  -- expect: 3 1 raises 3 raises

  -- Ten thousand pending; each ends by itself.
  local failed = 0
  for i = 1, 10000 do
    skynet.fork(function()
      local ok = pcall(skein.deadline, 0.05 + (i * 7919 % 1000) / 10000, skynet.call, second,
        "lua", "eval", "skynet.wait()")
      failed = failed + (ok and 0 or 1)
    end)
  end
  util.wait_for(function() return failed == 10000 end)
  print(failed, util.task_count())                  -- expect: 10000 0

  -- Killed while it holds one; the rest goes on.
  local co = skynet.fork(skein.deadline, 0.03, util.eval, second, "skynet.wait()")
  skynet.yield()
  print(skynet.killthread(co) == co)                -- expect: true
  print(late(skein.deadline, 0.05, util.eval, second, "skynet.wait()"))
  -- expect: raises call failed: deadline exceeded

  -- Bad arguments.
  for _, bad in ipairs { -1, "x", 0 / 0 } do
    print(util.try("bad argument #1", skein.deadline, bad, print))
    -- expect: raises bad argument #1
    -- expect: raises bad argument #1
    -- expect: raises bad argument #1
  end
  print(util.try("bad argument #2", skein.deadline, 1))  -- expect: raises bad argument #2
end)
