-- errors.lua -- errors in handlers, forks, timers: who is told, in which order, what goes on.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  local function fails(code) return util.try("call failed", util.eval, peer, code) end

  print(fails "error 'text'")                       -- expect: raises call failed
  print(fails "error { 1 }")                        -- expect: raises call failed
  print(fails "error()")                            -- expect: raises call failed
  print(fails "skynet.yield() error 'later'")       -- expect: raises call failed
  print(fails "local t = nil; return t.x")          -- expect: raises call failed
  print(fails "local function f() return 1 + f() end f()")  -- expect: raises call failed
  print(fails "error(setmetatable({}, { __tostring = function() error 'in tostring' end }))")
  -- expect: raises call failed
  print(fails "error(setmetatable({}, { __tostring = function() return 1 end }))")
  -- expect: raises call failed
  print(fails "skynet.retpack 'answered' error 'after'")    -- expect: "answered"
  print(util.eval(peer, "return 'alive'"))          -- expect: alive

  -- To-be-closed variables run, with the error; an error in them is nobody's.
  print(fails [[
    closed = {}
    local a <close> = setmetatable({}, { __close = function(_, e) closed.a = tostring(e) end })
    local b <close> = setmetatable({}, { __close = function() error "in close" end })
    skynet.yield()
    error("first", 0)]])                            -- expect: raises call failed
  print(util.eval(peer, "return closed.a:match 'in close'")) -- expect: in close

  -- Forks and timers go on.
  print(util.eval(peer, [[
    count = 0
    for i = 1, 3 do
      skynet.fork(function() count = count + 1 error "in a fork" end)
      skynet.timeout(0, function() count = count + 1 error { "in a timer" } end)
    end
    while count < 6 do skynet.yield() end
    return count]]))                                -- expect: 6

  -- Wakeups and forks that a failing handler queued are kept.
  print(fails [[
    trail = {}
    skynet.fork(function() skynet.wait "t" trail[#trail + 1] = "woken" end)
    skynet.yield()
    skynet.wakeup "t"
    skynet.fork(function() trail[#trail + 1] = "forked" end)
    error "now"]])                                  -- expect: raises call failed
  print(util.eval(peer, "table.sort(trail) return table.concat(trail, ' ')"))
  -- expect: forked woken

  -- An error in the fallen callee reaches each caller of a chain as "call failed".
  local middle = util.peer()
  print(util.try("call failed", util.eval, middle,
    "return skynet.call(..., 'lua', 'eval', 'error(1)')", peer))   -- expect: raises call failed
  print(util.show(util.eval(middle,
    "return pcall(skynet.call, ..., 'lua', 'eval', 'error(1)')", peer)):match "call failed")
  -- expect: call failed

  -- Bytes that are no packed values: the caller is told.
  print(util.try("call failed", skynet.rawcall, peer, "lua", "\xff\xff\xff"))
  -- expect: raises call failed
  print(util.try("call failed", skynet.rawcall, peer, "lua", "\x25\xff\xff\xff\xff"))
  -- expect: raises call failed
  skynet.register_protocol { name = "raw_answer", id = 120, pack = function() return "x" end,
    unpack = skynet.unpack }
  util.eval(peer, [[
    skynet.register_protocol { name = "raw_answer", id = 120, unpack = function() end,
      dispatch = function() skynet.ret "\xff\xff" end }]])
  print(util.try("Invalid serialize stream", skynet.call, peer, "raw_answer"))
  -- expect: raises Invalid serialize stream
  print(util.eval(peer, "return 'still alive'"))    -- expect: still alive
  print(util.in_log "in tostring") -- expect: true
  print(util.in_log "Invalid serialize stream") -- expect: true
  print(util.in_log "in a fork") -- expect: true
  print(util.in_log "stack overflow") -- expect: true
end)
