-- profile.lua -- skynet.profile: the CPU time of a coroutine, without the time it is suspended.
-- threads: 1 2
-- not-under: valgrind it measures time
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

print(package.loaded["skynet.profile"] ~= nil, package.loaded["skynet.codecache"] ~= nil)
-- expect: true true
print(require "skynet.profile" == package.loaded["skynet.profile"])  -- expect: true
print(package.loaded["no such module"], package.loaded[1])  -- expect: nil nil
local profile = require "skynet.profile"

local S = 0.03  -- seconds of work

local function work()
  local last = skynet.hpc() + S * 1e9
  while skynet.hpc() < last do end
end

--- So many times `work`, about: a preempted thread may count more, never less.
local function times(seconds)
  return math.floor(seconds / S + 0.1)
end

local function is_once(seconds)
  return seconds >= S * 0.9 and seconds < 0.4
end

--- Waits for half a second while others work; the time that was spent is not ours.
local function rest()
  skynet.fork(work)
  skynet.sleep(60)
end

local function test_service_coroutine()
  profile.start()
  work()
  rest()
  print(is_once(profile.stop()))                    -- expect: true
  profile.start()
  print(profile.stop() < 0.01)                      -- expect: true

  -- Others: started before they run, while they wait, stopped while they wait.
  local co = skynet.fork(function()
    work()
    skynet.wait "one"
    work()
    skynet.wait "two"
  end)
  profile.start(co)
  skynet.yield()
  skynet.sleep(50)
  skynet.wakeup "one"
  skynet.sleep(50)
  local seconds = profile.stop(co)
  print(times(seconds) >= 2, seconds < 0.45)        -- expect: true true
  profile.start(co)
  skynet.wakeup "two"
  skynet.yield()
  print(util.try("before profile.stop", profile.stop, co)) -- expect: raises before profile.stop
end

local function test_user_coroutines()
  local inner = coroutine.create(function()
    work()
    coroutine.yield()
    work()
    rest()
    work()
  end)
  profile.start()
  profile.start(inner)
  coroutine.resume(inner)
  work()
  print(profile.stop(inner) < 0.4)                  -- expect: true
  profile.start(inner)
  print(profile.resume(inner))                      -- expect: true
  work()
  print(coroutine.status(inner), times(profile.stop(inner)) >= 2)  -- expect: dead true
  local all = profile.stop()
  print(times(all) >= 5, all < 0.6)                 -- expect: true true

  -- A coroutine measures itself; wrap; an error inside.
  local f = profile.wrap(function()
    profile.start()
    work()
    coroutine.yield(coroutine.running())
    error "ends here"
  end)
  local co = f()
  work()
  print(util.try("ends here", f))                   -- expect: raises ends here
  print(is_once(profile.stop(co)))                  -- expect: true

  -- The outer one of two runs, though it is not the running one.
  local outer = coroutine.running()
  print(coroutine.wrap(function()
    profile.start(outer)
    work()
    return is_once(profile.stop(outer))
  end)())                                           -- expect: true
end

local function test_misuse()
  profile.start()
  local name = ("Thread %s start profile more than once"):format(
    tostring(coroutine.running()):match "0x%x+")
  print(util.try(name, profile.start) == "raises " .. name)  -- expect: true
  profile.stop()
  print(util.try("Call profile.start() before profile.stop()", profile.stop))
  -- expect: raises Call profile.start() before profile.stop()
  for _, value in ipairs { false, 1, "co", {} } do
    print(util.try("coroutine expected", profile.start, value))
  end
  -- expect: raises coroutine expected
  -- expect: raises coroutine expected
  -- expect: raises coroutine expected
  -- expect: raises coroutine expected
  print(util.try("coroutine expected", profile.stop, nil))  -- expect: raises coroutine expected
  profile.start(coroutine.running(), "further", "arguments")
  print(profile.stop(coroutine.running(), nil) < 0.01)  -- expect: true
end

--- Forgotten records: of coroutines that are collected, and of requests whose coroutine is used
-- again.
local function test_forgotten()
  for _ = 1, 20000 do
    local co = coroutine.create(work)
    profile.start(co)
  end
  collectgarbage()
  collectgarbage()
  print(collectgarbage "count" < 4096)              -- expect: true
  local peer = util.peer()
  for i = 1, 5 do
    print(util.eval(peer, "require 'skynet.profile'.start() return ...", i))
  end
  -- expect: 1
  -- expect: 2
  -- expect: 3
  -- expect: 4
  -- expect: 5
end

util.run(function()
  test_service_coroutine()
  test_user_coroutines()
  test_misuse()
  test_forgotten()
end)
