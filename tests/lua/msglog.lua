-- msglog.lua -- LOGON and LOGOFF: every message of a service is in its file, before it is handled.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: logpath = "$TMP"
local skynet = require "skynet"
local core = require "skynet.core"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

local NUMBERS = "^(:%x+) (%d+) (%d+) %d+ (%x*)$"

local function path(handle)
  return ("%s/%08x.log"):format(skynet.getenv "logpath", handle)
end

local function lines(handle)
  local list = {}
  for line in io.lines(path(handle)) do
    list[#list + 1] = line
  end
  return list
end

--- The lines behind the first one: of messages "source type session payload", else as they are.
local function shown(handle)
  local list = lines(handle)
  for i = 1, #list do
    list[i] = list[i]:gsub(NUMBERS, "%1 %2 %3 %4")
  end
  return table.concat(list, "\n", 2) .. "\n"
end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function switch(command, handle)
  assert(core.command(command, skynet.address(handle)) == nil)
end

local function has(handle, text)
  return util.wait_for(function() return shown(handle):find(text, 1, true) end, text) ~= nil
end

local function test_messages()
  local peer = util.peer()
  switch("LOGON", peer)
  switch("LOGON", peer)
  print(util.in_log("Open log file " .. path(peer))) -- expect: true
  print(select(2, util.log():gsub("Open log file", "")))  -- expect: 1
  local first = lines(peer)[1]
  print(first:match "^open time: %d+ %a%a%a %a%a%a [ %d]%d %d%d:%d%d:%d%d %d%d%d%d$" ~= nil)
  -- expect: true

  -- A request; what the handler sees of the file is that the line is there already.
  local code = "for l in io.lines(...) do if l:find '6d61726b6572' then return 'written' end end"
  print(util.eval(peer, code .. " -- marker", path(peer))) -- expect: written
  print(shown(peer):find(hex(code), 1, true) ~= nil)  -- expect: true

  -- No payload: the time is followed by a blank.
  skynet.redirect(peer, 0x1234, "lua", 0, "")
  core.send(peer, 255, 77, "\0\255")
  has(peer, " 255 77 00ff")
  print(shown(peer):match ":00001234 10 0 \n" ~= nil) -- expect: true

  -- A yield and a timer are messages of nobody, with their session.
  util.eval(peer, "skynet.yield() skynet.sleep(1)")
  print(select(2, shown(peer):gsub(":00000000 1 %d+ \n", "")) >= 2)  -- expect: true

  switch("LOGOFF", peer)
  switch("LOGOFF", peer)
  print(util.in_log(("Close log file :%08x"):format(peer))) -- expect: true
  print(select(2, util.log():gsub("Close log file", "")))  -- expect: 1
  local closed = lines(peer)
  print(closed[#closed]:match "^close time: %d+$" ~= nil) -- expect: true
  util.eval(peer, "return 'not written'")
  print(#lines(peer) == #closed)                    -- expect: true

  -- On again: appended. No last line when the service dies.
  switch("LOGON", peer)
  util.eval(peer, "return 'again'")
  local text = shown(peer)
  print(text:find("close time", 1, true) < text:find("open time", 1, true)) -- expect: true
  skynet.send(peer, "lua", "eval", "skynet.exit()")
  util.wait_for(function() return util.is_gone(peer) end)
  print(shown(peer):match "close time: %d+\n$")      -- expect: nil
end

local function test_private()
  local peer = util.peer()
  local file = assert(io.open(path(peer), "w"))
  file:write "mine\n"
  file:close()
  os.execute("chmod 644 " .. path(peer))
  switch("LOGON", peer)
  local pipe = assert(io.popen("stat -c %a " .. path(peer)))
  print(pipe:read "l")                              -- expect: 600
  pipe:close()
  print(lines(peer)[1])                             -- expect: mine

  -- What is no plain file takes no log.
  local other = util.peer()
  os.execute("mkfifo " .. path(other))
  switch("LOGON", other)
  print(util.in_log(("Open log file %s fail"):format(path(other)))) -- expect: true
  print(util.eval(other, "return 'lives'"))         -- expect: lives
end

local function test_addresses()
  for _, parm in ipairs { ":0", ":ffffff", "nonsense", "", ".nobody" } do
    core.command("LOGON", parm)
    core.command("LOGOFF", parm)
  end
  print(util.in_log "Can't convert nonsense to handle") -- expect: true
  print(core.command "LOGON", (core.command "LOGOFF"))  -- expect: nil nil
end

--- From the first message on: the text that loads the script.
local function test_launch()
  local peer = skynet.call(".launcher", "lua", "LOGLAUNCH", "snlua", "support/peer")
  local second = lines(peer)[2]
  print(second:match(NUMBERS) == skynet.address(peer), select(4, second:match(NUMBERS))
    == hex "support/peer")                          -- expect: true true
end

local function test_sockets()
  local id, _, port = socket.listen("127.0.0.1", 0)
  local peer = util.peer()
  switch("LOGON", peer)
  socket.start(id, function(client)
    skynet.send(peer, "lua", "eval", "local socket = require 'skynet.socket'\
      local id = ...  socket.start(id)  socket.write(id, socket.readline(id))\
      socket.readline(id) socket.close(id)", client)
  end)
  local client = socket.open("127.0.0.1", port)
  socket.write(client, "hello\n")
  print(socket.read(client, 5))                     -- expect: hello
  socket.close(client)
  has(peer, "[socket] 3 ")
  print(shown(peer):match("%[socket%] 2 %d+ %d+ %[start%]\n.*%[socket%] 1 %d+ 6 68656c6c6f0a\n"
    .. ".*%[socket%] 3 %d+ 0 %[%]") ~= nil)         -- expect: true

  -- A listener: the connections.
  local owner = util.peer()
  switch("LOGON", owner)
  local port2 = util.eval(owner, "local socket = require 'skynet.socket'\
    local id, _, port = socket.listen('127.0.0.1', 0)  socket.start(id, function(c)\
      socket.start(c) socket.close(c) end)  return port")
  client = socket.open("127.0.0.1", port2)
  socket.close(client)
  has(owner, "[socket] 4 ")
  print(shown(owner):match "%[socket%] 4 %d+ %d+ %[127%.0%.0%.1:%d+%]" ~= nil) -- expect: true
  print(shown(owner):match("%[socket%] 2 %d+ " .. port2 .. " %[127%.0%.0%.1%]") ~= nil)
  -- expect: true
end

--- The functions of skynet_log.h, called by a native service.
local function test_native()
  local service = require "skynet.manager".launch "observed"
  skynet.register_protocol { name = "text", id = skynet.PTYPE_TEXT, pack = tostring,
    unpack = skynet.tostring }
  skynet.call(service, "text", "log")
  local list = lines(0xabc)
  print(list[1]:match "^open time: %d+ %a" ~= nil)   -- expect: true
  for i = 2, #list - 1 do
    print((list[i]:gsub("^(:%x+ %d+ %d+) %d+ ", "%1 T "):gsub("$", "|")))
  end
  -- expect: :00000008 0 0 T 73746172742031|
  -- expect: [socket] 2 1 7851 [127.0.0.1]|
  -- expect: [socket] 3 3 0 []|
  -- expect: [socket] 1 3 5 68656c6c6f|
  -- expect: [socket] 6 4 3 757575|
  -- expect: :00000000 1 1 T |
  print(list[#list]:match "^close time: %d+$" ~= nil)  -- expect: true
  print(util.in_log "Open log file", util.in_log "Close log file :00000abc")  -- expect: true true
end

--- On and off while messages come, from several sides: each message is in the file whole.
local function test_storm()
  local peer = util.peer()
  local done = 0
  for _ = 1, 4 do
    skynet.fork(function()
      for i = 1, 50 do
        core.command(i % 2 == 0 and "LOGON" or "LOGOFF", skynet.address(peer))
        assert(util.eval(peer, "return ...", i) == i)
      end
      done = done + 1
    end)
  end
  util.wait_for(function() return done == 4 end)
  for _, line in ipairs(lines(peer)) do
    assert(line:match(NUMBERS) or line:match "^open time: %d+ %a+ "
      or line:match "^close time: %d+$", line)
  end
  print(done, #lines(peer) > 50)                    -- expect: 4 true
end

util.run(function()
  test_messages()
  test_private()
  test_addresses()
  test_launch()
  test_sockets()
  test_native()
  test_storm()
end)
