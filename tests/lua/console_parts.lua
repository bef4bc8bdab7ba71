-- console_parts.lua -- the debug console's parts: texts of results, cycles of calls, own hosts.
-- threads: 2
local skynet = require "skynet"
local skein = require "skein"
local render = require "skein.console.render"
local request = require "skein.console.request"
local waitgraph = require "skein.waitgraph"
local util = require "support.util"
local print = util.print

local function escaped(text)
  return (text:gsub("\t", "~"):gsub("\n", "|"))
end

local function test_texts()
  print(escaped(render.all("a", nil, "", "b\n", 1, 1.5, true)))   -- expect: a|b|1|1.5|true|
  print(escaped(render.text { 10, [10] = "x", [2] = false, b = {}, a = { y = 1, x = "z" } }))
  -- expect: 1~10|10~x|2~false|a~x:z~y:1|b~|
  print(escaped(render.text { { { c = { d = { e = 1 } } } } }))
  -- expect: 1~1:{c:{d:{e:1}}}|
  local deep = {}
  deep.self = deep
  print(escaped(render.text { deep }))
  -- expect: 1~self:{self:{self:{self:{...}}}}|
  print(render.size(0), render.size(1023), render.size(1024), render.size(1536),
    render.size(1048575), render.size(1048576), render.size(1 << 40))
  -- expect: 0 1023 1.0K 1.5K 1024.0K 1.0M 1048576.0M
  print(render.age(0), render.age(40), render.age(5999), render.age(6000), render.age(6550),
    render.age(360000), render.age(366150))
  -- expect: 0.0s 0.4s 60.0s 1:00.0s 1:05.5s 1:00:00.0s 1:01:01.5s
  print(escaped(render.columns({ { "a", "number", "b" }, { "long", "1", "x" } }, { false, true })))
  -- expect: a     number  b|long       1  x|
end

local function test_hosts()
  local function own(ip, ...)
    local words = {}
    for _, host in ipairs { ... } do
      words[#words + 1] = request.is_own_host(host, ip) and "yes" or "no"
    end
    return table.concat(words, " ")
  end
  print(own("127.0.0.1", "localhost", "LOCALHOST:80", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000"))
  -- expect: yes yes yes yes yes
  print(own("127.0.0.1", "10.0.0.1", "localhost.x", "x.localhost", "127.0.0.1.x", "[::2]", "", ":"))
  -- expect: no no no no no no no
  print(own("0.0.0.0", "10.0.0.1:80", "[2001:db8::1]", "name", "1.2.3.4.example"))
  -- expect: yes yes no no
  print(own("10.0.0.1", "10.0.0.1", "localhost"))   -- expect: yes yes
  local words = {}
  for _, ip in ipairs { "127.0.0.1", "127.255.1.1", "::1", "localhost", "0.0.0.0", "::",
    "10.0.0.1", "128.0.0.1", "127.0.0.1.x", "localhost.x" } do
    words[#words + 1] = request.is_loopback(ip) and "yes" or "no"
  end
  print(table.concat(words, " "))                   -- expect: yes yes yes yes no no no no no no
end

local function test_cycles()
  local function cycles(...)
    local calls = {}
    for _, pair in ipairs { ... } do
      calls[#calls + 1] = { caller = pair[1], callee = pair[2] }
    end
    local texts = {}
    for _, cycle in ipairs(waitgraph.find_cycles(calls)) do
      texts[#texts + 1] = table.concat(cycle, ">")
    end
    local marks = {}
    for i, call in ipairs(calls) do
      marks[i] = call.is_cyclic and "*" or "-"
    end
    return "[" .. table.concat(texts, " ") .. "]" .. table.concat(marks)
  end
  print(cycles())                                  -- expect: []
  print(cycles({ 1, 2 }, { 2, 3 }, { 1, 3 }))      -- expect: []---
  print(cycles({ 1, 1 }))                          -- expect: [1>1]*
  print(cycles({ 3, 1 }, { 1, 2 }, { 2, 3 }, { 4, 1 }, { 2, 5 }))   -- expect: [1>2>3>1]***--
  print(cycles({ 7, 8 }, { 8, 7 }, { 1, 2 }, { 2, 1 }, { 2, 7 }))   -- expect: [1>2>1 7>8>7]****-
  print(cycles({ 1, 2 }, { 2, 3 }, { 3, 1 }, { 3, 2 }, { 2, 1 }))   -- expect: [1>2>1]*****
  -- A long chain, closed.
  local calls = {}
  for i = 1, 20000 do
    calls[i] = { caller = i, callee = i % 20000 + 1 }
  end
  print(#waitgraph.find_cycles(calls)[1])          -- expect: 20001
end

--- Whether one can come from a to b by the calls: the definition.
local function reaches(calls, from, to)
  local seen, queue = {}, { from }
  while #queue > 0 do
    local node = table.remove(queue)
    for _, call in ipairs(calls) do
      if call.caller == node then
        if call.callee == to then
          return true
        elseif not seen[call.callee] then
          seen[call.callee] = true
          queue[#queue + 1] = call.callee
        end
      end
    end
  end
  return false
end

local function test_random_cycles()
  local seed = tonumber(os.getenv "SEED") or skynet.hpc() & 0xffffff
  math.randomseed(seed)
  for round = 1, 300 do
    local calls = {}
    for i = 1, math.random(0, 14) do
      calls[i] = { caller = math.random(8), callee = math.random(8) }
    end
    waitgraph.find_cycles(calls)
    for _, call in ipairs(calls) do
      if call.is_cyclic ~= reaches(calls, call.callee, call.caller) then
        error(("seed %d, round %d"):format(seed, round))
      end
    end
  end
end

local function test_counters()
  local own, logger
  for _, service in ipairs(skein.services()) do
    own = service.handle == skynet.self() and service or own
    logger = service.name:find "^logger" and service or logger
  end
  print(own.name, own.message > 0, own.cpu >= 0, own.memory > 10000, own.mqmax >= own.mqlen)
  -- expect: snlua console_parts true true true true
  print(logger ~= nil)                              -- expect: true
end

util.run(function()
  test_texts()
  test_hosts()
  test_cycles()
  test_random_cycles()
  test_counters()
end)
