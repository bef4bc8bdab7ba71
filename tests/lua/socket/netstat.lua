-- netstat.lua -- what is told of the sockets of the process.
-- threads: 1 2
local skynet = require "skynet"
local socket = require "skynet.socket"
local util = require "support.util"
local print = util.print

--- The fields of an entry that do not change from run to run.
local function show(info)
  local words = {}
  for key, value in pairs(info) do
    local is_stable = key == "accept" or key == "read" or key == "write" or key == "wbuffer" or
      key == "type" or key == "reading" or key == "writing"
    if key ~= "wtime" then
      words[#words + 1] = is_stable and ("%s=%s"):format(key, value) or key
    end
  end
  table.sort(words)
  return table.concat(words, " ")
end

util.run(function()
  local accepted
  local listener, ip, port = socket.listen("127.0.0.1", 0)
  print(socket.netstat(listener))                   -- expect: nil
  socket.start(listener, function(fd)
    accepted = socket.start(fd)
  end)
  local client = socket.open(ip, port)
  util.wait_for(function() return accepted end, "accept")
  socket.write(client, "12345")
  print(socket.read(accepted, 5))                   -- expect: 12345
  print(show(socket.netstat(listener)))
  -- expect: accept=1 address id rtime sock type=LISTEN
  print(show(socket.netstat(client)))
  -- expect: address id peer read=0 reading=true rtime type=TCP wbuffer=0 write=5 writing=false
  print(show(socket.netstat(accepted)))
  -- expect: address id peer read=5 reading=true rtime type=TCP wbuffer=0 write=0 writing=false
  local info = socket.netstat(client)
  print(info.peer == ip .. ":" .. port, info.address == skynet.self(), info.id == client)
  -- expect: true true true
  print(socket.netstat(listener).sock == ip .. ":" .. port)   -- expect: true
  print(#socket.netstat())                          -- expect: 3
  print(socket.netstat(1 << 30), socket.netstat(-1))   -- expect: nil nil
  -- A socket that does not take what is sent.
  socket.pause(accepted)
  for _ = 1, 80 do
    socket.write(client, ("x"):rep(256 * 1024))
  end
  skynet.yield()
  info = socket.netstat(client)
  print(info.writing, info.wbuffer > 0, info.write > 5, math.type(info.wtime))
  -- expect: true true true integer
  -- No memory for the list: an error, and all goes on.
  print(util.eval(util.peer(), [[
    local socket = require "skynet.socket"
    skynet.memlimit(math.floor(collectgarbage "count" * 1024) + 50000)
    local ok, err = pcall(function()
      local lists = {}
      for i = 1, 10000 do
        lists[i] = socket.netstat()
      end
    end)
    skynet.memlimit(0)
    return ok, err, #socket.netstat()
  ]]))
  -- expect: false not enough memory 3
  socket.shutdown(client)
end)
