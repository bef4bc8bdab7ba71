-- killthread_inner.lua -- killing tasks that are inside skynet.coroutine, hold a queue, or have
-- not begun; and finding them by a pattern.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local co = require "skynet.coroutine"
local queue = require "skynet.queue"
local util = require "support.util"
local print = util.print

local closed = {}
local function guard(name)
  return setmetatable({}, { __close = function() closed[#closed + 1] = name end })
end
local function taken()
  local text = table.concat(closed, " ")
  closed = {}
  return text
end

local handler = {}
local unanswered
skynet.dispatch("lua", function()
  unanswered = coroutine.running()
  local _ <close> = guard "handler"
  co.wrap(function()
    local _ <close> = guard "wrapped"
    skynet.wait()
  end)()
end)

util.run(function()
  local me = skynet.self()
  local start = util.task_count()

  -- The root is killed, by its own thread; the inner ones are closed, the innermost first.
  local inner
  local root = skynet.fork(function()
    local _ <close> = guard "root"
    inner = co.create(function()
      local _ <close> = guard "inner"
      co.resume(co.create(function()
        local _ <close> = guard "innermost"
        skynet.sleep(1e6)
      end))
    end)
    co.resume(inner)
    closed[#closed + 1] = "went on"
  end)
  skynet.yield()
  print(co.status(inner), skynet.task(root) ~= nil) -- expect: blocked true
  print(util.show(skynet.killthread(inner)))        -- expect: nothing
  print(taken() == "", util.task_count() - start)   -- expect: true 1
  print(skynet.killthread(root) == root, taken())   -- expect: true innermost inner root
  print(coroutine.status(root), coroutine.status(inner), co.status(inner)) -- expect: dead dead dead
  print(util.task_count() - start)                  -- expect: 0
  print(co.resume(inner))                           -- expect: false cannot resume dead coroutine

  -- The handler of a request, inside of one.
  skynet.fork(function() handler.result = util.try("call failed", skynet.call, me, "lua") end)
  util.wait_for(function() return unanswered end)
  print(skynet.killthread(unanswered) == unanswered, taken()) -- expect: true wrapped handler
  util.wait_for(function() return handler.result end)
  print(handler.result)                             -- expect: raises call failed

  -- A coroutine that rests between two resumes is its owner's: it goes on for another one.
  local resting = co.create(function(...)
    local _ <close> = guard "resting"
    print("got", ...)
    print("then", co.yield())
  end)
  root = skynet.fork(function()
    co.resume(resting, 1)
    skynet.wait()
  end)
  skynet.yield()
  print(skynet.killthread(root) == root, taken() == "", co.status(resting))
  -- expect: got 1
  -- expect: true true suspended
  print(co.resume(resting, 2))
  -- expect: then 2
  -- expect: true
  print(taken())                                    -- expect: resting

  -- A timer that has not expired never runs; one of 0 ticks that is on its way neither.
  local ran = false
  for _, ticks in ipairs { 0, 1, 1e6 } do
    local timer = skynet.timeout(ticks, function() ran = true end)
    print(skynet.killthread(timer) == timer, util.show(skynet.killthread(timer)),
      util.task_count() - start)
    -- expect: true nothing 0
    -- expect: true nothing 0
    -- expect: true nothing 0
  end
  skynet.sleep(3)
  print(ran, util.log():find("Unknown session", 1, true)) -- expect: false nil

  -- A string is a pattern, for the text of the threads that wait.
  root = skynet.fork(function()
    local _ <close> = guard "by pattern"
    skynet.wait()
  end)
  skynet.yield()
  local text = tostring(root):match "0x%x+"
  print(util.show(skynet.killthread("^" .. text)))  -- expect: nothing
  print(util.show(skynet.killthread("0y" .. text:sub(3) .. "$"))) -- expect: nothing
  print(util.try("malformed pattern", skynet.killthread, "[")) -- expect: raises malformed pattern
  print(skynet.killthread("^thread: 0[xX]" .. text:sub(3) .. "$") == root, taken())
  -- expect: true by pattern
  print(util.show(skynet.killthread(text)))         -- expect: nothing

  -- The owner of a section dies in it, also in an inner coroutine, also in two calls of it.
  local cs = queue()
  local order = {}
  local function enter(name, f)
    local thread = skynet.fork(function()
      cs(function()
        order[#order + 1] = name
        if f then f() end
      end)
    end)
    skynet.yield()
    return thread
  end
  local owner = enter("a", function() co.wrap(function() skynet.sleep(1e6) end)() end)
  local waiter = enter("b", skynet.wait)
  enter "c"
  print(table.concat(order, " "))                   -- expect: a
  print(skynet.killthread(owner) == owner)          -- expect: true
  skynet.yield()
  print(table.concat(order, " "))                   -- expect: a b
  print(skynet.killthread(waiter) == waiter)        -- expect: true
  skynet.yield()
  print(table.concat(order, " "))                   -- expect: a b c
  owner = enter("d", function() cs(skynet.wait) end)
  enter "e"
  print(skynet.killthread(owner) == owner)          -- expect: true
  skynet.yield()
  enter "f"
  print(table.concat(order, " "), util.task_count() - start) -- expect: a b c d e f 0
end)
