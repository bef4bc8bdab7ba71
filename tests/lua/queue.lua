-- queue.lua -- critical sections and queues of data: order, errors, killed owners and waiters.
-- threads: 1 2
local skynet = require "skynet"
local queue = require "skynet.queue"
local util = require "support.util"
local print = util.print

util.run(function()
  -- One at a time, in order; the owner may enter again.
  local cs, trail = queue(), {}
  for i = 1, 4 do
    skynet.fork(cs, function()
      trail[#trail + 1] = i
      skynet.yield()
      cs(function() trail[#trail + 1] = i end)
    end)
  end
  util.wait_for(function() return #trail == 8 end)
  print(table.concat(trail, " "))                   -- expect: 1 1 2 2 3 3 4 4
  print(util.show(cs(function(...) return ... end, nil, 2, nil)))  -- expect: nil 2 nil
  print(util.try("in the section", cs, error, "in the section"))
  -- expect: raises in the section
  print(select(2, pcall(cs, error, cs)) == cs)      -- expect: true
  print(util.try("attempt to call", cs, nil))       -- expect: raises attempt to call

  -- A killed owner, a killed waiter, and a waiter killed when its turn has come.
  local function enter(name)
    return skynet.fork(cs, function()
      trail[#trail + 1] = name
      skynet.wait(name)
    end)
  end
  trail = {}
  local first, second, third = enter "first", enter "second", enter "third"
  enter "fourth"
  skynet.yield()
  skynet.killthread(second)
  skynet.killthread(first)   -- the third's turn
  skynet.killthread(third)
  skynet.yield()
  print(table.concat(trail, " "))                   -- expect: first fourth
  skynet.wakeup "fourth"
  print(cs(function() return "free" end))           -- expect: free

  -- Data: first in, first out; waiting poppers are served in order.
  local q = queue.create()
  print(queue.push(q, "a"), q:push(false), util.try("value expected", q.push, q, nil))
  -- expect: 1 2 raises value expected
  print(queue.pop(q), q:pop(), util.show(q:pop(0)))  -- expect: a false nil "timeout"
  local got = {}
  local poppers = {}
  for i = 1, 3 do
    poppers[i] = skynet.fork(function()
      local data = q:pop()
      got[#got + 1] = i .. tostring(data)
    end)
  end
  skynet.yield()
  q:push "x"
  q:push "y"
  got[1] = tostring(q:pop(0))                         -- both are promised
  skynet.killthread(poppers[1])                     -- its item goes to the next that waits
  skynet.yield()
  print(table.concat(got, " "))                     -- expect: nil 2y 3x
  print(util.show(q:pop(1)))                        -- expect: nil "timeout"
  q:push "z"
  print(q:pop(1), q(function() return "a section, too" end))  -- expect: z a section, too

  -- The item of a killed popper stays in the queue, in front.
  local popper = skynet.fork(function() q:pop() end)
  skynet.yield()
  q:push(1)
  q:push(2)
  skynet.killthread(popper)
  print(q:pop(), q:pop())                           -- expect: 1 2
end)
