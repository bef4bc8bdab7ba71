-- monitor.lua -- skein.monitor, demonitor, on_exit, wait_exit: every kind of end, told once.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  local self = skynet.self()

  --- Monitors the peer, makes it end, shows the reason.
  local function end_of(peer, f)
    local told = {}
    local ref = skein.monitor(peer, function(addr, reason, r)
      told[#told + 1] = { addr, reason, r }
    end)
    f(peer)
    util.wait_for(function() return told[1] end, "the notice")
    assert(told[1][1] == peer and told[1][3] == ref and not told[2])
    return (told[1][2]:gsub("by :%x+", "by " .. (told[1][2]:find(("%08x"):format(self), 1, true)
      and "me" or "another")))
  end
  local function send(code)
    return function(peer) skynet.send(peer, "lua", "eval", code) end
  end

  -- Each reason.
  print(end_of(util.peer(), send "skynet.exit()"))              -- expect: normal
  print(end_of(util.peer(), skynet.kill))                       -- expect: killed by me
  print(end_of(util.peer(), skein.kill))                        -- expect: killed by me
  local killer = util.peer()
  print(end_of(util.peer(), function(peer)                      -- expect: killed by another
    util.eval(killer, "skynet.kill(...)", peer)
  end))
  print(end_of(util.peer(), send "skynet.kill(skynet.self())")) -- expect: normal
  print(end_of(util.peer(), send "require 'skein'.exit 'normal'"))          -- expect: normal
  print(end_of(util.peer(), send "require 'skein'.exit 'memory'"))          -- expect: memory
  print(end_of(util.peer(), send "require 'skein'.exit 'shutdown'"))        -- expect: shutdown
  print(end_of(util.peer(), send "require 'skein'.exit 'shutdown: tired'"))
  -- expect: shutdown: tired
  print(end_of(util.peer(), send "require 'skein'.exit 'no money'"))
  -- expect: error: no money
  print(end_of(util.peer(), send "require 'skein'.exit 'error: no money'"))
  -- expect: error: no money
  print(#end_of(util.peer(), send "require 'skein'.exit(('x'):rep(2000))")) -- expect: 507
  print(end_of(util.peer(), send "require 'skein'.exit 'two\\nlines'"))     -- expect: error: two
  print(end_of(util.peer(), skein.shutdown))                    -- expect: shutdown
  print(end_of(util.peer(), function(peer) skein.shutdown(peer, "update") end))
  -- expect: shutdown: update

  -- Ends of services that start: watched before their code runs.
  local function start_of(...)
    local handle = assert(skynet.launch("snlua", ...))
    local reason = assert(skein.wait_exit(handle, 2000))
    return (reason:gsub("%S*/", ""))
  end
  print(start_of "support/ends start_fails")        -- expect: error: ends.lua:8: out of luck
  print(start_of "support/ends chunk_fails")        -- expect: error: ends.lua:17: no luck
  print(start_of "support/ends chunk_memory")       -- expect: memory
  print(start_of "support/ends start_memory")       -- expect: memory
  print(start_of "support/ends start_exits")        -- expect: normal
  print(start_of "support/no_such_service" :match "^error: cannot open")
  -- expect: error: cannot open

  -- One that is stuck in its code.
  local stuck = util.peer()
  skynet.send(stuck, "lua", "eval", "while true do end")
  print(end_of(stuck, skynet.kill))                 -- expect: killed by me

  -- One that is gone, one that never was, a name that nobody has.
  local gone = util.peer()
  print(end_of(gone, skynet.kill))                  -- expect: killed by me
  print(skein.wait_exit(gone))                      -- expect: gone
  print(skein.wait_exit(0xfffff0))                  -- expect: gone
  print(skein.wait_exit ".nobody")                  -- expect: gone

  -- By name; the notice comes with the handle.
  local named = util.peer()
  util.eval(named, "skynet.manager.register '.named'")
  local box = {}
  skein.monitor(".named", function(addr) box.addr = addr end)
  skynet.kill(named)
  util.wait_for(function() return box.addr end)
  print(box.addr == named)                          -- expect: true

  -- wait_exit with a limit.
  local lasting = util.peer()
  print(skein.wait_exit(lasting, 1))                -- expect: nil timeout
  print(skein.wait_exit(lasting, 0))                -- expect: nil timeout

  -- demonitor: no notice any more; each monitor is one of its own.
  local count = 0
  local function counts() count = count + 1 end
  local first, second = skein.monitor(lasting, counts), skein.monitor(lasting, counts)
  skein.monitor(lasting, counts)
  print(first ~= second, skein.demonitor(first), skein.demonitor(first))  -- expect: true true false
  print(skein.demonitor(second), skein.demonitor(123456789))              -- expect: true false
  skynet.kill(lasting)
  util.wait_for(function() return count == 1 end)
  print(skein.wait_exit(lasting), count)            -- expect: gone 1

  -- A notice that is in the mailbox already when the monitor is taken back.
  local ref = skein.monitor(0xfffff0, counts)
  print(skein.demonitor(ref))                       -- expect: true
  print(skein.wait_exit(0xfffff1), count)           -- expect: gone 1

  -- on_exit gets what has no function; without it there is a line in the log.
  skein.monitor(0xfffff0)
  print(util.in_log ":00fffff0 has ended: gone")    -- expect: true
  local seen
  print(skein.on_exit(function(...) seen = util.show(...) end))  -- expect: nil
  ref = skein.monitor(0xfffff0)
  util.wait_for(function() return seen end)
  print(seen == util.show(0xfffff0, "gone", ref))   -- expect: true
  print(type(skein.on_exit(nil)))                   -- expect: function

  -- A handler may block, and may fail.
  skein.monitor(0xfffff0, function() skynet.sleep(1) box.slept = true end)
  skein.monitor(0xfffff0, function() error "the handler fails" end)
  util.wait_for(function() return box.slept end)
  print(util.in_log "the handler fails")            -- expect: true

  -- The notice comes after the last act of the service: its finalizers have run.
  local last = util.peer()
  util.eval(last, [[local to = ...
    kept = setmetatable({}, { __gc = function() skynet.send(to, "lua", "bye") end })]], self)
  local order = {}
  skynet.dispatch("lua", function(_, _, word) order[#order + 1] = word end)
  skein.monitor(last, function() order[#order + 1] = "notice" end)
  skynet.kill(last)
  util.wait_for(function() return order[2] end)
  print(order[1], order[2])                         -- expect: bye notice

  -- A watcher that dies first leaves nothing behind.
  local watched, watcher = util.peer(), util.peer()
  util.eval(watcher, "for _ = 1, 100 do require 'skein'.monitor(...) end", watched)
  print(end_of(watcher, skynet.kill), end_of(watched, skynet.kill))
  -- expect: killed by me killed by me

  -- Misuse.
  print(util.try("another service", skein.monitor, self))
  -- expect: raises another service
  print(util.try("must be a string or number", skein.monitor, {}))
  -- expect: raises must be a string or number
  print(util.try("function or nil expected", skein.monitor, 1, 2))
  -- expect: raises function or nil expected
  print(util.try("function or nil expected", skein.on_exit, 2))
  -- expect: raises function or nil expected
  print(util.try("another node", skein.monitor, 0x05000001))    -- expect: raises another node
  print(util.try("another node", skein.monitor, "GLOBAL"))      -- expect: raises another node
  print(util.try("a reason as text", skein.exit, 1))            -- expect: raises a reason as text
  print(util.try("another service", skein.kill, self))          -- expect: raises another service
  print(skein.kill(0xfffff0), skein.shutdown(0xfffff0))         -- expect: false false
  print(util.task_count())                                      -- expect: 0
end)
