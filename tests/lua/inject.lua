-- inject.lua -- code run inside a service, or inside a function on a stack.
-- threads: 1
local skynet = require "skynet"
local inject = require "skynet.inject"
local injectcode = require "skynet.injectcode"
local util = require "support.util"
local print = util.print

util.run(function()
  local function run(source, ...)
    local ok, output = inject(skynet, source, "patch.lua", table.pack(...))
    return ok, (table.concat(output, "|"):gsub("\t", " "))
  end
  print(run("print(nil, 1) print(...) print()", "a", nil))  -- expect: true nil 1|a nil|
  local ok, text = run "error {}"
  print(ok, text:match "^%a+")                      -- expect: false table
  ok, text = run "error()"
  print(ok, text:match "^%a+")                      -- expect: false nil
  ok, text = run "x = = 1"
  print(ok, text:match "^patch.lua:1")              -- expect: false patch.lua:1
  print(util.show(rawget(_G, "leak"), run "leak = 1 print(leak)"))  -- expect: nil true "1"

  -- Locals that hide each other, upvalues, varargs, levels.
  local up = 1
  local function victim(...)
    local x, _ = "hidden", up
    local x = "seen"
    local result = table.pack(injectcode("up = up + 1; x = x .. '!'; return x, up, ..."))
    return x, table.unpack(result, 1, result.n)
  end
  print(victim("a", "b"))                           -- expect: seen! true seen! 2 a b
  local function outer()
    local here = "outer"
    local function inner()
      local here = "inner"
      local _, a = injectcode "return here"
      local _, b = injectcode("here = 'changed'; return here", nil, 1)
      return a, b, here
    end
    local a, b, c = inner()
    return a, b, c, here
  end
  print(outer())                                    -- expect: inner changed inner changed
  -- Locals come before upvalues, these before the extra names, these before globals.
  local function order(_, ...)
    local here = "local"
    local _ = up
    local source = "return here, up, extra, type(tostring), select('#', ...), other"
    return select(2, injectcode(source, nil, 0,
      { here = "no", up = "no", extra = 7, tostring = 5 }))
  end
  print(order(1, nil, "x", nil))                    -- expect: local 2 7 number 3 nil
  print(injectcode("error {}") == false, select(2, injectcode "error 'text'"))
  -- expect: true (debug):1: text
  local kept = 1
  print(injectcode "kept = 2 error 'late'", kept)   -- expect: false 1
  print(util.try("out of range", injectcode, "", nil, 1000))  -- expect: raises out of range
  print(util.try("out of range", injectcode, "", coroutine.create(print), 9))
  -- expect: raises out of range

  -- Into another service coroutine, blocking meanwhile.
  local co = skynet.fork(function()
    local secret = "old"
    skynet.wait "go"
    print(secret)                                   -- expect: new
  end)
  skynet.yield()
  for level = 0, 5 do
    local ok, value = injectcode("skynet.yield() return secret", co, level, { skynet = skynet })
    if ok and value then
      injectcode("secret = 'new'", co, level)
      break
    end
  end
  skynet.wakeup "go"
  skynet.yield()
end)
