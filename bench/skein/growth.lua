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
-- sending. A call waits for the end of each batch; others follow on the empty mailbox, one for each
-- send, so that the mix is the same at every length. A call and its answer are two messages. The
-- first batch shows the memory and is not timed: it pays for getting it from the system.
local function mailbox_step(sink, length)
  local function send_batch()
    for i = 1, length do
      skynet.send(sink, "lua", i)
    end
  end
  local function drain()
    assert(skynet.call(sink, "lua") == length)
  end
  local batches = math.max(1, MESSAGES_MIN // (3 * length))
  local resident = measure.resident()
  send_batch()
  local peak = measure.resident()
  drain()
  local start = skynet.hpc()
  for _ = 1, batches do
    send_batch()
    drain()
    for _ = 2, length do
      skynet.call(sink, "lua")
    end
  end
  return (skynet.hpc() - start) / (batches * 3 * length), (peak - resident) / length
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
