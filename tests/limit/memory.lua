-- memory.lua -- a service at its memory limit: an error for who asked, no harm to anybody else.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local MIB = 1024 * 1024

util.run(function()
  local witness = util.peer()
  local function limited()
    local peer = util.peer()
    util.eval(peer, "skynet.memlimit(2 * 1024 * 1024)")
    return peer
  end
  local function try(...) return util.try("call failed", util.eval, ...) end
  local peer = limited()

  -- In a handler, in one step and in many; the service goes on.
  print(try(peer, "return #('x'):rep(8 << 20)"))    -- expect: raises call failed
  print(try(peer, "local t = {} for i = 1, 1e7 do t[i] = { i } end")) -- expect: raises call failed
  print(try(peer, "local s = 'x' while true do s = s .. s end"))      -- expect: raises call failed
  print(util.in_log "not enough memory")            -- expect: true
  print(util.show(util.eval(peer, "return pcall(string.rep, 'x', 8 << 20)")))
  -- expect: false "not enough memory"
  print(util.eval(peer, "return 'alive'"))          -- expect: alive

  -- In unpacking a request, in unpacking an answer, in packing.
  local big = ("b"):rep(4 * MIB)
  print(try(peer, "return 1", big))                 -- expect: raises call failed
  print(util.show(util.eval(peer, [[
    return pcall(skynet.call, ..., "lua", "eval", "return ('a'):rep(4 << 20)")]], witness)))
  -- expect: false "not enough memory"
  print(util.eval(peer, [[
    local s = ("s"):rep(100000)
    local t = {}
    for i = 1, 100 do t[i] = s end
    return skynet.call(..., "lua", "eval", "return #...", t)]], witness))
  -- expect: 100

  -- While coroutines are made: some start, the rest is an error of the one who forks.
  print(util.show(util.eval(peer, [[
    local n = 0
    local ok, err = pcall(function()
      while true do
        skynet.fork(function() skynet.wait() end)
        n = n + 1
      end
    end)
    return ok, err, n > 100]])))                    -- expect: false "not enough memory" true
  print(try(peer, "return 'more'") ~= nil)          -- expect: true

  -- So full that not even a handler can start: refused, and nobody else is hurt.
  local full = limited()
  local text = { name = "text", id = skynet.PTYPE_TEXT, unpack = skynet.tostring }
  skynet.register_protocol(text)
  util.eval(full, "skynet.register_protocol(...)", { name = "text", id = skynet.PTYPE_TEXT })
  util.eval(full, "skynet._proto.text.unpack = skynet.tostring")
  local outcome = try(full, [[
    releaser = skynet.fork(function() skynet.wait 'release' hoard = nil end)
    skynet.dispatch("text", function() skynet.wakeup 'release' end)
    skynet.yield()
    while pcall(function() hoard = { hoard } end) do end
    return "full"]])
  -- A few bytes decide whether there is room for the answer.
  print(outcome == "raises call failed" or outcome == '"full"')       -- expect: true
  local refused = 0
  for _ = 1, 50 do
    if not pcall(util.eval, full, "local t = {} for i = 1, 1000 do t[i] = {} end return 1") then
      refused = refused + 1
    end
  end
  print(refused)                                    -- expect: 50
  skynet.rawsend(full, "text", "")
  util.wait_for(function() return pcall(util.eval, full, "return 1") end)
  print(util.eval(full, "return 'recovered'"))      -- expect: recovered

  -- Out of memory inside an error's own handling: message handlers, __close, __tostring.
  for _, code in ipairs {
    "error(setmetatable({}, { __tostring = function() return ('t'):rep(8 << 20) end }))",
    "xpcall(error, function() return ('m'):rep(8 << 20) end) error 'behind'",
    [[local c <close> = setmetatable({}, { __close = function() return ('c'):rep(8 << 20) end })
      error 'x']],
    [[local function f(n) local c <close> = setmetatable({}, { __close = error }) f(n + 1) end
      f(1)]],
    "return (function(...) return select('#', ...) end)(table.unpack({}, 1, 1e6))",
    "local s = ('e'):rep(1 << 20) error(s)",
  } do
    print(try(peer, code):sub(1, 6))
    -- expect: raises
    -- expect: raises
    -- expect: raises
    -- expect: raises
    -- expect: raises
    -- expect: raises
  end
  print(util.eval(witness, "return 'unharmed'"))    -- expect: unharmed
end)
