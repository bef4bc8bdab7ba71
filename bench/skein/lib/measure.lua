--- Times a piece of work and prints the result for the runner.
-- @module measure
local skynet = require "skynet"
require "skynet.manager"

local measure = {}

local function time_of(run, n)
  local start = skynet.hpc()
  run(n)
  return (skynet.hpc() - start) / 1e9
end

--- Runs run(n), doubling n until a run is long enough to be the warm-up; then times about
-- `bench_seconds` of the config and returns how many a second.
function measure.rate(run, n)
  local seconds = tonumber(skynet.getenv "bench_seconds")
  local elapsed = time_of(run, n)
  while elapsed < 0.3 * seconds do
    n = n * 2
    elapsed = time_of(run, n)
  end
  local timed = math.floor(n * seconds / elapsed) + 1
  return timed / time_of(run, timed)
end

--- Resident memory of the process in KiB.
function measure.resident()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmRSS:%s+(%d+)"
    if kib then
      return tonumber(kib)
    end
  end
end

function measure.report(name, value, unit)
  io.write(("BENCH %s %.3f %s\n"):format(name, value, unit))
  io.flush()
end

--- Runs `main` as the service's start and ends the process after it, also when it fails.
function measure.start(main)
  skynet.start(function()
    skynet.fork(function()
      local ok, err = xpcall(main, debug.traceback)
      if not ok then
        skynet.error(err)
      end
      skynet.abort()
    end)
  end)
end

return measure
