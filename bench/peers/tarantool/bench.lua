-- bench.lua -- the works of the benchmark in Tarantool: fibers and channels on LuaJIT.
--
-- tarantool bench.lua WORK SECONDS prints "BENCH work value unit". There is no box.cfg: only the
-- fiber scheduler runs, on one thread. A call is a request and an answer over two channels.
local clock = require "clock"
local fiber = require "fiber"

local PAIRS = 512
local SEND_BATCH = 100000

local function new_callee()
    local port = { request = fiber.channel(1), answer = fiber.channel(1) }
    fiber.create(function()
        while true do
            port.answer:put(port.request:get())
        end
    end)
    return port
end

local function call(port, value)
    port.request:put(value)
    return port.answer:get()
end

local function call_ints(port, n)
    for i = 1, n do
        assert(call(port, i) == i)
    end
end

local function call_tables(port, n)
    for i = 1, n do
        local item = { id = i, name = "sword", count = 3, slots = { i, i + 1, i + 2 } }
        assert(call(port, item).id == i)
    end
end

local function time_of(run, n)
    local start = clock.monotonic()
    run(n)
    return clock.monotonic() - start
end

-- Doubles n until a run is long enough to be the warm-up; then times about the seconds.
local function rate(run, seconds, n)
    local elapsed = time_of(run, n)
    while elapsed < 0.3 * seconds do
        n = n * 2
        elapsed = time_of(run, n)
    end
    local timed = math.floor(n * seconds / elapsed) + 1
    return timed / time_of(run, timed)
end

local works = {}

function works.call_int(seconds)
    local port = new_callee()
    return rate(function(n) call_ints(port, n) end, seconds, 1000), "calls/s"
end

function works.call_table(seconds)
    local port = new_callee()
    return rate(function(n) call_tables(port, n) end, seconds, 1000), "calls/s"
end

function works.send_drain(seconds)
    local box, drained = fiber.channel(1024), fiber.channel(1)
    fiber.create(function()
        while true do
            for _ = 1, SEND_BATCH do
                box:get()
            end
            drained:put(true)
        end
    end)
    local function batches(n)
        for _ = 1, n do
            for k = 1, SEND_BATCH do
                box:put(k)
            end
            drained:get()
        end
    end
    return rate(batches, seconds, 1) * SEND_BATCH, "sends/s"
end

function works.pairs512(seconds)
    local done = fiber.channel(PAIRS)
    local ports = {}
    for i = 1, PAIRS do
        ports[i] = new_callee()
    end
    local function round(n)
        for i = 1, PAIRS do
            fiber.create(function()
                call_ints(ports[i], n)
                done:put(true)
            end)
        end
        for _ = 1, PAIRS do
            done:get()
        end
    end
    return rate(round, seconds, 10) * PAIRS, "calls/s"
end

function works.yield(seconds)
    local function yields(n)
        for _ = 1, n do
            fiber.yield()
        end
    end
    return rate(yields, seconds, 1000), "yields/s"
end

local name, seconds = arg[1], tonumber(arg[2])
local value, unit = works[name](seconds)
print(("BENCH %s %.3f %s"):format(name, value, unit))
os.exit(0)
