-- bench.lua -- the works of the benchmark as one Lua service; `bench_work` names the work.
local skynet = require "skynet"
local measure = require "measure"

local PAIRS = 512
local SEND_BATCH = 100000
local TIMERS = 200000
local SERVICES = 5000
local COROUTINES = 10000
local TABLES = 200000

local works = {}

function works.call_int()
  local callee = skynet.newservice "callee"
  local function calls(n)
    for i = 1, n do
      assert(skynet.call(callee, "lua", i) == i)
    end
  end
  measure.report("call_int", measure.rate(calls, 1000), "calls/s")
end

function works.call_table()
  local callee = skynet.newservice "callee"
  local function calls(n)
    for i = 1, n do
      local item = { id = i, name = "sword", count = 3, slots = { i, i + 1, i + 2 } }
      assert(skynet.call(callee, "lua", item).id == i)
    end
  end
  measure.report("call_table", measure.rate(calls, 1000), "calls/s")
end

function works.send_drain()
  local sink = skynet.newservice "sink"
  local function batches(n)
    for _ = 1, n do
      for i = 1, SEND_BATCH do
        skynet.send(sink, "lua", i)
      end
      assert(skynet.call(sink, "lua") == SEND_BATCH)
    end
  end
  measure.report("send_drain", measure.rate(batches, 1) * SEND_BATCH, "sends/s")
end

-- Runs fn(i) for 1..n at once and waits for all.
local function parallel(n, fn)
  local done, token = 0, {}
  for i = 1, n do
    skynet.fork(function()
      fn(i)
      done = done + 1
      skynet.wakeup(token)
    end)
  end
  while done < n do
    skynet.wait(token)
  end
end

function works.pairs512()
  local callers = {}
  for i = 1, PAIRS do
    callers[i] = skynet.newservice "caller"
  end
  local function rounds(n)
    parallel(PAIRS, function(i)
      skynet.call(callers[i], "lua", n)
    end)
  end
  measure.report("pairs512", measure.rate(rounds, 10) * PAIRS, "calls/s")
end

function works.yield()
  local function yields(n)
    for _ = 1, n do
      skynet.yield()
    end
  end
  measure.report("yield", measure.rate(yields, 1000), "yields/s")
end

-- os.clock is the CPU time of the whole process.
function works.timers()
  local fired, token = 0, {}
  local function fire()
    fired = fired + 1
    if fired == TIMERS then
      skynet.wakeup(token)
    end
  end
  local before = os.clock()
  for i = 1, TIMERS do
    skynet.timeout(i % 50 + 1, fire)
  end
  skynet.wait(token)
  measure.report("timers", os.clock() - before, "s")
end

function works.start()
  for _ = 1, 100 do
    skynet.newservice "idle"
  end
  local resident = measure.resident()
  local start = skynet.hpc()
  for _ = 1, SERVICES do
    skynet.newservice "idle"
  end
  measure.report("start_time", (skynet.hpc() - start) / 1e3 / SERVICES, "us")
  measure.report("start_memory", (measure.resident() - resident) / SERVICES, "KiB")
end

-- The longest time between two turns of a loop that makes garbage and yields.
function works.gc_pause()
  local live, slot, worst = {}, 0, 0
  for i = 1, TABLES do
    live[i] = { id = i, name = "item" }
  end
  for _ = 1, COROUTINES do
    skynet.fork(function()
      skynet.wait()
    end)
  end
  skynet.yield()
  local last = skynet.hpc()
  local finish = last + 3e9 * tonumber(skynet.getenv "bench_seconds")
  while last < finish do
    for _ = 1, 20 do
      slot = slot % TABLES + 1
      live[slot] = { id = slot, name = "item" }
    end
    skynet.yield()
    local now = skynet.hpc()
    worst = math.max(worst, now - last)
    last = now
  end
  assert(#live == TABLES) -- they were alive all the time
  measure.report("gc_pause", worst / 1e6, "ms")
end

measure.start(function()
  works[skynet.getenv "bench_work"]()
end)
