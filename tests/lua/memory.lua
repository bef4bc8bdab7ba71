-- memory.lua -- skynet.memory, skein.memory and skein.stat of other services.
-- threads: 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local memory = require "skynet.memory"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local function test_process()
  print(math.type(memory.total()), memory.total() >= 0)  -- expect: integer true
  print(math.type(memory.block()))                  -- expect: integer
  local names = {}
  for name, value in pairs(memory.jestat()) do
    assert(math.type(value) == "integer")
    names[#names + 1] = name
  end
  table.sort(names)
  print(table.concat(names, " "))
  -- expect: stats.active stats.allocated stats.mapped stats.resident stats.retained
  print(memory.jestat()["stats.resident"] > 1 << 20) -- expect: true
  memory.dump()
  print(util.in_log "dump all service mem:", util.in_log "+total: ")  -- expect: true true
  print(util.log():match(":00000001 %-> %d+kb %d+b\n") ~= nil)  -- expect: true

  -- What only jemalloc has: its value, or a line that there is none.
  local value = memory.mallctl "arenas.page"
  print(value > 0 or util.in_log "No jemalloc : mallctl_int64 arenas.page.")  -- expect: true
  print(type(memory.profactive()))                  -- expect: boolean
  print(value > 0 or util.in_log "No jemalloc : mallctl_bool prof.active.")  -- expect: true
  memory.dumpheap()
  print(value > 0 or util.in_log "No jemalloc : mallctl_cmd prof.dump.")  -- expect: true
  print(util.try("string expected", memory.mallctl)) -- expect: raises string expected
end

local function test_own()
  local before = skein.memory(skynet.self())
  skynet.dispatch("lua", function() end)
  for _ = 1, 100 do
    skynet.send(skynet.self(), "lua", ("x"):rep(1000))
  end
  local now = skein.memory(skynet.self())
  print(before.mailbox, now.mqlen - before.mqlen)   -- expect: 0 100
  print(now.mailbox > 100 * 1000 and now.mailbox < 100 * 1200, now.stale)  -- expect: true nil
  print(memory.current() >= now.mailbox)            -- expect: true
  print(now.total == now.lua + now.mailbox + now.unread + now.unsent)  -- expect: true
  skynet.yield()
  print(skein.memory(skynet.self()).mailbox)        -- expect: 0
end

--- A service whose mailbox fills while it is in one message.
local function test_other()
  local peer = util.peer()
  local file = os.tmpname()
  skynet.send(peer, "lua", "eval", "skynet.send(skynet.self(), 'lua', 'eval', '')\
    while io.open(...) do end big = ('x'):rep(1 << 20)", file)
  for _ = 1, 5000 do
    skynet.send(peer, "lua", "eval", "--" .. ("x"):rep(2000))
  end
  local usage = skein.memory(peer)
  print(usage.stale, usage.mailbox)                 -- expect: true 0
  print(usage.mqlen >= 5000, skein.stat(peer).mqlen >= 5000)  -- expect: true true
  os.remove(file)
  util.wait_for(function() return skein.stat(peer).mqlen < 5000 end)
  local first = skein.memory(":" .. ("%x"):format(peer))
  print(first.mailbox <= 5002 * 2200, first.mailbox >= first.mqlen * 2000 * 0.5)
  -- expect: true true
  util.eval(peer, "")
  usage = skein.memory(peer)
  print(usage.mailbox, usage.mqlen, usage.lua > 1 << 20)  -- expect: 0 0 true
  print(memory.info()[peer])                        -- expect: 0

  local stat = skein.stat(skynet.address(peer))
  print(stat.message >= 5000, stat.cpu > 0, stat.memory > 1 << 20, stat.name, stat.task)
  -- expect: true true true snlua support/peer nil
  print(skein.stat().name:match "^snlua ", skein.stat().task)  -- expect: snlua  0
  print(skein.stat(0x7fffff))                       -- expect: nil no such service
  print(skein.memory(0x7fffff))                     -- expect: nil no such service
  print(skein.memory ".nobody")                     -- expect: nil no such service
  print(skein.memory ".launcher" ~= nil)            -- expect: true
end

local function test_sockets()
  local id, _, port = socket.listen("127.0.0.1", 0)
  local accepted
  socket.start(id, function(client)
    accepted = client
  end)
  local client = socket.open("127.0.0.1", port)
  util.wait_for(function() return accepted end)
  socket.start(accepted)
  socket.write(client, ("x"):rep(1000))
  util.wait_for(function() return skein.memory(skynet.self()).unread == 1000 end)
  local usage = skein.memory(skynet.self())
  print(usage.unread, usage.sockets)                -- expect: 1000 3
  print(#socket.read(accepted, 1000))               -- expect: 1000
  print(skein.memory(skynet.self()).unread)         -- expect: 0
  local chunk = ("x"):rep(1 << 20)
  repeat  -- reading stops at a limit, and the kernel's buffers fill
    socket.write(client, chunk)
    skynet.yield()
    usage = skein.memory()[skynet.self()]
  until usage.unsent > #chunk
  print(usage.unread > 0, memory.info()[skynet.self()] >= usage.unsent)  -- expect: true true
  socket.shutdown(client)
  socket.close(accepted)
  print(skein.memory(skynet.self()).unsent)         -- expect: 0
end

--- Many look while services come, work and go.
local function test_storm()
  local done = 0
  for _ = 1, 4 do
    skynet.fork(function()
      for _ = 1, 10 do
        local peer = util.peer()
        for _ = 1, 50 do
          skynet.send(peer, "lua", "eval", "local t = {} for i = 1, 100 do t[i] = {} end")
        end
        skynet.send(peer, "lua", "eval", "skynet.exit()")
        local list = skein.memory()
        assert(list[skynet.self()].lua > 0 and list[1])
        memory.info()
        skein.memory(peer)
      end
      done = done + 1
    end)
  end
  util.wait_for(function() return done == 4 end)
  print(done)                                       -- expect: 4
end

util.run(function()
  test_process()
  test_own()
  test_other()
  test_sockets()
  test_storm()
end)
