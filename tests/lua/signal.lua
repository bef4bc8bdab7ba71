-- signal.lua -- SIGNAL: the module's function runs beside the service; 0 ends running Lua code.
-- threads: 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local core = require "skynet.core"
local util = require "support.util"
local print = util.print

local function signal(handle, number)
  local parm = skynet.address(handle) .. (number and " " .. number or "")
  assert(core.command("SIGNAL", parm) == nil)
end

local function test_native()
  local service = require "skynet.manager".launch "observed"
  skynet.register_protocol { name = "text", id = skynet.PTYPE_TEXT, pack = tostring,
    unpack = skynet.tostring }
  for _, number in ipairs { "7", "0x10", "010", "-3", "junk", false } do
    signal(service, number)
    print(skynet.call(service, "text", "signals"))
  end
  -- expect: 1 7
  -- expect: 2 16
  -- expect: 3 8
  -- expect: 4 -3
  -- expect: 5 0
  -- expect: 6 0
  core.command("NAME", ".observed " .. skynet.address(service))
  core.command("SIGNAL", ".observed 9")
  print(skynet.call(service, "text", "signals"))    -- expect: 7 9
  core.command("SIGNAL", ":ffff")
  core.command("SIGNAL", "nonsense 1")
  print(util.in_log "Can't convert nonsense to handle") -- expect: true
end

--- Waits until the peer is inside of the code that writes the file.
local function is_there(file)
  return util.wait_for(function() return io.open(file) end, file):close()
end

local SPIN = "local f = assert(io.open(..., 'w')) f:close() while true do end"

local function test_interrupt()
  local peer = util.peer()
  local file = os.tmpname()
  os.remove(file)
  local box = util.eval_later(peer, SPIN, file)
  skynet.yield()
  is_there(file)
  signal(peer)
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed
  print(util.in_log("recv a signal 0"), util.in_log "signal 0")  -- expect: true true
  print(util.in_log("peer:1: signal 0"))            -- expect: true
  print(util.eval(peer, "return 'goes on'"))        -- expect: goes on

  -- At rest nothing is hit.
  signal(peer, 0)
  print(util.eval(peer, "for _ = 1, 1e6 do end return 'unharmed'"))  -- expect: unharmed

  -- In an inner coroutine, and below a pcall, which catches it once.
  os.remove(file)
  box = util.eval_later(peer, "local ok, err = coroutine.wrap(pcall)(load(...), select(2, ...))\
    return ok, err", SPIN, file)
  skynet.yield()
  is_there(file)
  signal(peer, 0)
  util.wait_for(function() return box.result end)
  print(box.result:match "^false .*signal 0" ~= nil)  -- expect: true

  -- By itself.
  print(util.try("call failed", util.eval, peer,
    "require 'skynet.core'.command('SIGNAL', skynet.address(skynet.self())) while true do end"))
  -- expect: raises call failed
  os.remove(file)
end

--- A script that never returns from its main chunk.
local function test_main_chunk()
  local file = os.tmpname()
  os.remove(file)
  local result
  skynet.fork(function()
    result = util.try("call failed", skynet.newservice, "support/spins", file)
  end)
  skynet.yield()
  is_there(file)
  os.remove(file)
  local handle = util.wait_for(function()
    for address, text in pairs(skynet.call(".launcher", "lua", "LIST")) do
      if text:find("spins", 1, true) then
        return tonumber(address:sub(2), 16)
      end
    end
  end)
  signal(handle)
  util.wait_for(function() return result end)
  print(result)                                     -- expect: raises call failed
  print(util.in_log "lua loader error")             -- expect: true
end

local function test_memory()
  local peer = util.peer()
  util.eval(peer, "big = ('x'):rep(1 << 20)")
  signal(peer, 1)
  print(util.in_log "recv a signal 1", util.in_log "Current Memory")  -- expect: true true
  local kib = tonumber(util.log():match "%[:%x+%] Current Memory (%d+%.%d%d%d)K\n")
  print(kib > 1024 and kib < 4096)                  -- expect: true
  signal(peer, 42)
  print(util.in_log "recv a signal 42")             -- expect: true
end

--- Many signals at services that live, work and die meanwhile.
local function test_storm()
  local count = 0
  for _ = 1, 50 do
    local peer = util.peer()
    skynet.send(peer, "lua", "eval", "for i = 1, 1e4 do end skynet.exit()")
    for i = 1, 20 do
      signal(peer, i % 3)
    end
    count = count + 1
  end
  print(count)                                      -- expect: 50
end

util.run(function()
  test_native()
  test_interrupt()
  test_main_chunk()
  test_memory()
  test_storm()
end)
