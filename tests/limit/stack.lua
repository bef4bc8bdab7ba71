-- stack.lua -- deep stacks, deep nesting of coroutines, tracebacks on a full stack.
-- threads: 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  local function try(code, ...) return util.try("call failed", util.eval, peer, code, ...) end

  -- Overflows: of Lua frames, of C frames, of a string that recurses through gsub and sort.
  print(try "local function f() return 1 + f() end f()")          -- expect: raises call failed
  print(try "local function f() return pcall(f) and error() end assert(f())")
  -- expect: raises call failed
  print(try "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x")
  -- expect: raises call failed
  print(try "local function f() return (('x'):gsub('x', f)) end f()")  -- expect: raises call failed
  print(try "local function f() table.sort({ 1, 2 }, f) end f()") -- expect: raises call failed
  print(util.in_log "stack overflow")               -- expect: true

  -- A full stack, and then an error, a traceback, a block.
  print(util.show(util.eval(peer, [[
    local function down(n)
      local ok, deeper = pcall(table.unpack, {}, 1, 500)
      local fine, err = pcall(function() return 1 + down(n + 1) end)
      if not fine and n > 100 then
        return #debug.traceback() > 0 and n
      end
      return n
    end
    return down(1) >= 1]])))                        -- expect: true
  print(util.show(util.eval(peer, [[
    local function f(n)
      if n == 0 then skynet.sleep(0) return 0 end
      return 1 + f(n - 1)
    end
    return f(50000)]])))                            -- expect: 50000
  print(try [[
    local function f(n)
      if n == 0 then error("bottom") end
      return 1 + f(n - 1)
    end
    f(100000)]])                                    -- expect: raises call failed

  -- coroutine.close of coroutines that hold each other in to-be-closed variables.
  print(util.eval(peer, [[
    local last
    for i = 1, 1000 do
      local inner = last
      last = coroutine.create(function()
        local c <close> = setmetatable({}, { __close = function()
          if inner then coroutine.close(inner) end
        end })
        coroutine.yield()
      end)
      coroutine.resume(last)
    end
    pcall(coroutine.close, last)
    return "closed"]]))                             -- expect: closed

  -- Too deep a nest of coroutines is an error, not a crash; blocking in the deepest too.
  print(util.eval(peer, [[
    local function nest(n)
      return coroutine.wrap(function() return nest(n + 1) end)()
    end
    local ok, err = pcall(nest, 1)
    return ok, err:match "C stack overflow"]]))     -- expect: false C stack overflow
  print(util.eval(peer, [[
    local function nest(n)
      if n == 0 then skynet.sleep(0) return "blocked" end
      return coroutine.wrap(nest)(n - 1)
    end
    return nest(150)]]))                            -- expect: blocked

  -- Packing and unpacking nested tables, at the bound and beyond.
  local function nested(n)
    local t = {}
    for _ = 1, n do
      t = { t }
    end
    return t
  end
  print(#util.eval(peer, "return ...", nested(32))) -- expect: 1
  print(util.try("too depth", skynet.packstring, nested(33))) -- expect: raises too depth
  local cycle = {}
  cycle[1] = cycle
  print(util.try("too depth", skynet.packstring, cycle))      -- expect: raises too depth
  print(util.try("Invalid serialize stream", skynet.unpack, ("\x0e"):rep(100000)))
  -- expect: raises Invalid serialize stream
  print(util.try("call failed", skynet.rawcall, peer, "lua", ("\x0e"):rep(100000)))
  -- expect: raises call failed
  print(util.eval(peer, "return 'alive'"))          -- expect: alive
end)
