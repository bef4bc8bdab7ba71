-- drive.lua -- starts the native services of this folder and talks to them; prints what it learns.
local skynet = require "skynet.manager"
local core = require "skynet.core"

local function print(...)
  local words = table.pack(...)
  for i = 1, words.n do
    words[i] = tostring(words[i])
  end
  io.write("T " .. table.concat(words, "|") .. "\n") -- one write: the log goes there, too
end

skynet.register_protocol {
  name = "text",
  id = skynet.PTYPE_TEXT,
  pack = tostring,
  unpack = skynet.tostring,
}

local function ask(service, text) return skynet.call(service, "text", text) end

local function try_echo()
  local echo = skynet.launch("echo")
  print("echo", ask(echo, "hello"), #ask(echo, ("x"):rep(100000)))
  print("refused", (skynet.launch("echo", "x")), (skynet.launch("no_such_module")))
end

local function try_keeper()
  local keeper = skynet.launch("keeper")
  print("kept", ask(keeper, "keep one"), ask(keeper, "keep two"), ask(keeper, "keep three"))
  print("given", ask(keeper, "give"), ask(keeper, "grow"))
  print("left", ask(keeper, "count"), ask(keeper, "drop"))
  for _ = 1, 500 do
    skynet.send(keeper, "text", "keep " .. ("x"):rep(100))
  end
  print("many", ask(keeper, "count"))
  skynet.kill(keeper) -- with what it keeps
end

local function try_poster()
  local poster = skynet.launch("poster")
  print("posted", ask(poster, "start 30000"))
  skynet.kill(poster)
  for _ = 1, 10 do -- the thread runs when the service is killed
    poster = skynet.launch("poster")
    ask(poster, "forever")
    skynet.kill(poster)
  end
end

local function try_life()
  local none, empty = skynet.launch("life"), skynet.launch("life", "")
  print("parm", ask(none, ""), ask(empty, ""), ask(skynet.launch("life", "a b  c "), ""))
  print("fail", (skynet.launch("life", "fail")))
  local dead = skynet.launch("life", "exit")
  print("exit", dead ~= nil, pcall(skynet.call, dead, "text", "anybody"))
  local quiet = skynet.launch("life", "quiet")
  print("quiet", pcall(skynet.call, quiet, "text", "anybody"))
  core.command("SIGNAL", skynet.address(none))
  core.command("SIGNAL", skynet.address(none) .. " 0x10")
  core.command("SIGNAL", skynet.address(none) .. " -3")
  core.command("SIGNAL", ":ffffff 1") -- nobody
  skynet.kill(none)
end

local function try_luause()
  local luause = require "luause"
  print("command", luause.command("REG") == (":%x"):format(skynet.self()), luause.command("NONE"))
  print("current", luause.current() == skynet.self())
  local before = skynet.genid()
  local session = luause.send(".launcher", "nothing that it knows")
  print("session", session == before + 1)
  local data, size = luause.pack(1, "two", { three = 3 })
  local a, b, c = luause.unpack(data, size)
  print("unpacked", a, b, c.three, select("#", luause.unpack(skynet.packstring(nil, nil))))
  print("same", skynet.tostring(data, size) == skynet.packstring(1, "two", { three = 3 }))
  luause.release(data)
  print("unpackable", pcall(luause.pack, print))
  print("broken", (pcall(luause.unpack, "\255\255")))
  local text, status = luause.pack_elsewhere()
  local number, map = skynet.unpack(text)
  print("elsewhere", number, map.key, status)
  print("memory", next(luause.memory()))
end

skynet.start(function()
  try_echo()
  try_keeper()
  try_poster()
  print("mixer", ask(skynet.launch("mixer"), "mix"))
  try_life()
  local everything = skynet.launch("everything")
  if everything then
    print("everything", ask(everything, "C++"))
  end
  try_luause()
  skynet.abort()
end)
