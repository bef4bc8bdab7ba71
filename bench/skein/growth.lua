-- growth.lua -- how cost grows with the length of a mailbox or the number of services.
--
-- `bench_work` says which; each step prints "GROWTH size ns-per-message KiB-per-thing".
local skynet = require "skynet"
local measure = require "measure"

local MESSAGES_MIN = 200000 -- a step times at least so many messages

local function report(size, ns, kib)
  io.write(("GROWTH %d %.1f %.4f\n"):format(size, ns, kib))
  io.flush()
end

local works = {}

-- Costs of `length` sends that stand in the mailbox together, since the only worker is busy
-- sending; the call that waits for the end of a batch, and its answer, count as messages too.
local function mailbox_step(sink, length)
  local batches = math.max(1, MESSAGES_MIN // (length + 2))
  local resident, peak = measure.resident(), 0
  local start = skynet.hpc()
  for batch = 1, batches do
    for i = 1, length do
      skynet.send(sink, "lua", i)
    end
    if batch == 1 then
      peak = measure.resident()
    end
    assert(skynet.call(sink, "lua") == length)
  end
  local elapsed = skynet.hpc() - start
  return elapsed / (batches * (length + 2)), (peak - resident) / length
end

function works.mailbox()
  local sink = skynet.newservice "sink"
  mailbox_step(sink, 1000) -- warm-up
  for power = 0, 6 do
    local length = math.tointeger(10 ^ power)
    report(length, mailbox_step(sink, length))
  end
end

function works.services()
  local services = {}
  local resident = measure.resident()
  for power = 0, 5 do
    local size = math.tointeger(10 ^ power)
    while #services < size do
      services[#services + 1] = skynet.newservice "idle"
    end
    local memory = (measure.resident() - resident) / size
    local start = skynet.hpc()
    local rounds = math.max(1, MESSAGES_MIN // size)
    for _ = 1, rounds do
      for i = 1, size do
        skynet.call(services[i], "lua")
      end
    end
    report(size, (skynet.hpc() - start) / (rounds * size), memory)
  end
end

measure.start(function()
  works[skynet.getenv "bench_work"]()
end)
