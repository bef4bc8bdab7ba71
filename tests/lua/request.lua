-- request.lua -- sets of requests: order, failures, timeouts, leaving early, killed iterators.
-- threads: 1 2 8
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

local NOBODY = 0x00fffff0

util.run(function()
  local peer, other = util.peer(), util.peer()
  local function ask(addr, code, ...)
    return { addr, "lua", "eval", code, ..., n = 4 + select("#", ...) }
  end
  local start = util.task_count()

  -- Unsent ones first, the last first; then answers and failures.
  local set = skynet.request(ask(peer, "return 1")) { NOBODY, "lua", tag = "a" }
    { NOBODY, "lua", tag = "b" } (ask(other, "error 'x'"))
  local seen = {}
  for request, answer in set:select() do
    seen[#seen + 1] = request.tag or (answer and answer[1] or tostring(answer))
  end
  print(seen[1], seen[2], #seen)                    -- expect: b a 4
  table.sort(seen, function(a, b) return tostring(a) < tostring(b) end)
  print(table.unpack(seen))                         -- expect: 1 a b false
  print(set.timeout, util.task_count() - start)     -- expect: nil 0

  -- Time runs out; a late answer harms nobody.
  set = skynet.request(ask(peer, "skynet.sleep(20)")) (ask(other, "return 2"))
  for _, answer in set:select(2) do
    print(answer and answer[1])                     -- expect: 2
  end
  print(set.timeout)                                -- expect: true

  -- Leaving early, closing twice, before select, and an empty set.
  local left = skynet.request(ask(peer, "return 1"))(ask(other, "return 2"))
  for request in left:select(1000) do
    if request == left[1] or request == left[2] then
      break
    end
  end
  set = skynet.request()
  set:close()
  for _ in set:select() do
    print "never"
  end
  set:close()
  print(util.try("assertion failed", set.select, set))           -- expect: raises assertion failed
  print(util.try("assertion failed", set.add, set, {}))          -- expect: raises assertion failed

  -- All names of protocols are checked before anything is sent.
  util.eval(peer, "count = 0")
  set = skynet.request(ask(peer, "count = count + 1")) { peer, "no such" }
  print(util.try("no such", set.select, set))       -- expect: raises no such
  print(util.eval(peer, "return count"))            -- expect: 0

  -- The iterator by hand, without a for.
  set = skynet.request(ask(peer, "return 'by hand'"))
  local next_answer = set:select()
  local _, answer = next_answer()
  print(answer[1], next_answer())                   -- expect: by hand nil

  -- A killed iterator, with and without a for; the answers come later.
  local by_hand
  local killed = {
    skynet.fork(function()
      for _ in skynet.request(ask(peer, "skynet.sleep(2)")):select() do
        print "never"
      end
    end),
    skynet.fork(function()
      by_hand = skynet.request(ask(other, "skynet.sleep(2)"))
      by_hand:select()()
    end),
  }
  skynet.yield()
  print(util.task_count() - start)                  -- expect: 2
  for _, thread in ipairs(killed) do
    skynet.killthread(thread)
  end
  print(util.task_count() - start)                  -- expect: 1
  util.wait_for(function() return util.task_count() == start end)
  by_hand, set, next_answer = nil, nil, nil
  collectgarbage()

  -- A deadline ends it, too: what is open has failed.
  local skein = require "skein"
  print(skein.deadline(0.01, function()
    local failed = 0
    local two = skynet.request(ask(peer, "skynet.wait 'never'"))(ask(other, "skynet.wait 'no'"))
    for _, result in two:select() do
      failed = failed + (result == false and 1 or 0)
    end
    return failed, two.timeout
  end))                                             -- expect: 2 nil
  print(util.task_count() - start)                  -- expect: 0

  -- The open requests are listed, with whom they wait for.
  skynet.fork(function()
    local go = "skynet.wait 'go'"
    for _ in skynet.request(ask(peer, go))(ask(other, go)):select() do
      seen[#seen + 1] = "later"
    end
  end)
  skynet.yield()
  local callees = {}
  for _, wait in ipairs(require "skein".waits()) do
    callees[wait.callee or 0] = wait.kind
  end
  print(callees[peer], callees[other])              -- expect: request request
  local tasks = {}
  skynet.task(tasks)
  local count = 0
  for key in pairs(tasks) do
    count = count + (key:find "^BREAK" and 0 or 1)  -- those are given up, as the timer above
  end
  print(count == skynet.task())                     -- expect: true
  skynet.kill(peer)
  util.eval(other, "skynet.wakeup 'go'")
  util.wait_for(function() return util.task_count() == start end)
end)
