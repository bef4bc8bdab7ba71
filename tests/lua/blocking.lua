-- blocking.lua -- where a call may block, and where stock Lua forbids it: an error, no leftovers.
-- threads: 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local NOT_HERE = "attempt to yield"

-- The main chunk.
local main_results = {}
for _, name in ipairs { "sleep", "wait", "yield", "call", "rawcall" } do
  main_results[name] = util.try(NOT_HERE, skynet[name], 1, "lua", "")
end

util.run(function()
  local peer = util.peer()
  local function ask(v) return (util.eval(peer, "return ...", v)) end

  for _, name in ipairs { "sleep", "wait", "yield", "call", "rawcall" } do
    print(name, main_results[name])
    -- expect: sleep raises attempt to yield
    -- expect: wait raises attempt to yield
    -- expect: yield raises attempt to yield
    -- expect: call raises attempt to yield
    -- expect: rawcall raises attempt to yield
  end

  -- Allowed: protected calls at any depth, with all values.
  print(util.show(pcall(pcall, pcall, util.eval, peer, "return nil, 2, nil")))
  -- expect: true true true nil 2 nil
  print(util.show(xpcall(function(...) skynet.sleep(0) return ... end, print, nil, 5, nil)))
  -- expect: true nil 5 nil
  print(util.show(pcall(function() skynet.sleep(0) error({}, 0) end)):match "^false table")
  -- expect: false table
  print(util.show(xpcall(function() ask(1) error("e", 0) end, function(m) return m .. "!" end)))
  -- expect: false "e!"

  -- Metamethods.
  local object = setmetatable({}, {
    __index = function(_, k) return ask(k) end,
    __newindex = function(t, k, v) rawset(t, k, ask(v)) end,
    __add = function(_, b) return ask(b) + 1 end,
    __concat = function(_, b) return ask "con" .. b end,
    __eq = function() return ask(true) end,
    __lt = function() return ask(false) end,
    __le = function() return ask(true) end,
    __len = function() return ask(9) end,
    __unm = function() return ask "minus" end,
    __call = function(_, a) return ask(a) end,
  })
  object.field = "set"
  print(object.name, rawget(object, "field"), object + 1, object .. "cat", #object, -object)
  -- expect: name set 2 concat 9 minus
  print(object == setmetatable({}, getmetatable(object)), object < object, object <= object,
    object "called")                                -- expect: true false true called

  -- Iterators, loaded chunks, to-be-closed variables.
  local sum = 0
  for i in function(_, last)
    last = (last or 0) + 1
    skynet.yield()
    return last <= 4 and ask(last) or nil
  end do
    sum = sum + i
  end
  print(sum)                                        -- expect: 10
  print(load("local f = ... return f(3) + f(4)")(ask))  -- expect: 7
  local function closing(fails)
    local trail = {}
    local ok, err = pcall(function()
      local a <close> = setmetatable({}, { __close = function(_, e)
        trail[#trail + 1] = ask "a" .. tostring(e)
      end })
      local b <close> = setmetatable({}, { __close = function(_, e)
        skynet.sleep(0)
        trail[#trail + 1] = ask "b" .. tostring(e)
      end })
      if fails then
        error("x", 0)
      end
      return ask "value"
    end)
    return table.concat(trail, " ") .. " " .. util.show(ok, err)
  end
  print(closing(false))                             -- expect: bnil anil true "value"
  print(closing(true))                              -- expect: bx ax false "x"

  -- Forbidden.
  local before = util.task_count()
  local function check(name, f, ...) print(name, util.try(NOT_HERE, f, ...)) end
  check("sort", table.sort, { 3, 2, 1 }, function(a, b) skynet.sleep(0) return a < b end)
  check("sort, call", table.sort, { 3, 2, 1 }, function(a, b) return ask(a) < ask(b) end)
  check("gsub", string.gsub, "abc", "%w", function(c) return ask(c) end)
  check("tostring", tostring, setmetatable({}, { __tostring = function() return ask "x" end }))
  check("load", function() assert(load(function() return ask(nil) end)) end)
  -- expect: sort raises attempt to yield
  -- expect: sort, call raises attempt to yield
  -- expect: gsub raises attempt to yield
  -- expect: tostring raises attempt to yield
  -- expect: load raises attempt to yield
  check("wrap in sort", table.sort, { 3, 2, 1 },
    coroutine.wrap(function() skynet.sleep(0) end)) -- expect: wrap in sort raises attempt to yield

  local in_gc
  setmetatable({}, { __gc = function() in_gc = util.try(NOT_HERE, skynet.sleep, 0) end })
  collectgarbage()
  print("gc", in_gc)                                -- expect: gc raises attempt to yield
  local in_handler
  xpcall(error, function()
    in_handler = util.try(NOT_HERE, skynet.call, peer, "lua", "eval", "")
  end)
  print("message handler", in_handler)
  -- expect: message handler raises attempt to yield
  local in_hook
  debug.sethook(function()
    debug.sethook()
    in_hook = util.try(NOT_HERE, skynet.yield)
  end, "l")
  local _ = 1
  debug.sethook()
  print("hook", in_hook)                            -- expect: hook raises attempt to yield
  print(util.task_count() - before)                 -- expect: 0

  -- A handler that packs what cannot be packed, and unpack functions that block.
  skynet.register_protocol { name = "blocker", id = 99, pack = function() skynet.sleep(0) end,
    unpack = function() return skynet.sleep(0) end, dispatch = function() skynet.ret() end }
  check("pack", skynet.call, skynet.self(), "blocker") -- expect: pack raises attempt to yield
  print(util.try("call failed", skynet.rawcall, skynet.self(), "blocker", "x"))
  -- expect: raises call failed
  print(util.task_count() - before, ask "alive")    -- expect: 0 alive

  -- A bare yield is an uncaught error of its coroutine; its request is answered.
  print(util.try("call failed", util.eval, peer, "coroutine.yield 'what'"))
  -- expect: raises call failed
  print(util.try("call failed", util.eval, peer, "coroutine.yield()")) -- expect: raises call failed
  print(util.in_log "Unknown command : what", ask "alive")  -- expect: true alive
end)
