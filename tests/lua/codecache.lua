-- codecache.lua -- the cache of compiled files: its modes, and that it cannot be told from none.
-- threads: 1 2 8
-- cfg: tmp = "$TMP"
local skynet = require "skynet"
local cache = require "skynet.codecache"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local function path_of(name)
  return skynet.getenv "tmp" .. "/" .. name
end

local function write(name, text)
  local file = assert(io.open(path_of(name), "wb"))
  file:write(text)
  file:close()
  return path_of(name)
end

util.run(function()
  print(skynet.cache == cache, show(cache.mode()), show(cache.mode(nil)))  -- expect: true "ON" "ON"
  for _, mode in ipairs { "EXIST", "OFF", "ON" } do
    print(show(cache.mode(mode)), cache.mode())
  end
  -- expect: nothing EXIST
  -- expect: nothing OFF
  -- expect: nothing ON
  print(try("invalid option", cache.mode, "on"), try("invalid option", cache.mode, ""))
  -- expect: raises invalid option raises invalid option

  -- Every load is a function of its own, with upvalues of its own.
  local counter = write("counter.lua", "#!/usr/bin/skein\nlocal n = 0\nreturn function() n = n + 1 "
    .. "return n, debug.getinfo(1, 'S').short_src:match '[^/]*$' end")
  local a, b = loadfile(counter), cache.loadfile(counter)
  print(a ~= b, a()(), b()())                       -- expect: true 1 1 counter.lua
  local one = a()
  one()
  print(show(one()), show(b()()))                   -- expect: 2 "counter.lua" 1 "counter.lua"
  print(debug.getupvalue(one, 1))                   -- expect: n 2
  print(debug.getinfo(one, "S").linedefined, debug.getinfo(one, "S").source == "@" .. counter)
  -- expect: 3 true

  -- Environments, in every order with the default one.
  local global = write("global.lua", "return a_name")
  _G.a_name = "global"
  for _ = 1, 2 do
    print(loadfile(global)(), loadfile(global, "t", { a_name = "own" })(), dofile(global))
  end
  -- expect: global own global
  -- expect: global own global
  print(try("attempt to index a nil value (upvalue '_ENV')", loadfile(global, nil, nil)))
  -- expect: raises attempt to index a nil value (upvalue '_ENV')

  -- A change is seen after clear, in every mode; nothing old comes back.
  for i, mode in ipairs { "ON", "EXIST", "OFF" } do
    cache.mode(mode)
    for j = 1, 2 do
      local file = write("change.lua", ("return %d"):format(10 * i + j))
      cache.clear()
      print(mode, dofile(file), dofile(file))
    end
  end
  -- expect: ON 11 11
  -- expect: ON 12 12
  -- expect: EXIST 21 21
  -- expect: EXIST 22 22
  -- expect: OFF 31 31
  -- expect: OFF 32 32
  cache.mode "ON"

  -- Failures: nil and a message, and not remembered.
  local later = path_of "later.lua"
  print(show(loadfile(later)):match "^nil .*later.lua" ~= nil)          -- expect: true
  write("later.lua", "return (")
  print(show(loadfile(later)):match "later.lua:1:", try("later.lua:1:", dofile, later))
  -- expect: later.lua:1: raises later.lua:1:
  write("later.lua", "return 'mended'")
  print(dofile(later))                                                  -- expect: mended

  -- Compiled files: as text they are refused, whatever was loaded before.
  local code = string.dump(function() return "compiled" end)
  local binary, text = write("binary.luac", code), write("text.lua", "return 'text'")
  for _ = 1, 2 do
    print(dofile(binary), loadfile(binary, "b")(), loadfile(binary, "bt")())
    print((show(loadfile(binary, "t")):gsub(".*(attempt.*)", "%1")))
    print(dofile(text), loadfile(text, "t")(), loadfile(text, "bt")())
    print((show(loadfile(text, "b")):gsub(".*(attempt.*)", "%1")))
  end
  -- expect: compiled compiled compiled
  -- expect: attempt to load a binary chunk (mode is 't')"
  -- expect: text text text
  -- expect: attempt to load a text chunk (mode is 'b')"
  -- expect: compiled compiled compiled
  -- expect: attempt to load a binary chunk (mode is 't')"
  -- expect: text text text
  -- expect: attempt to load a text chunk (mode is 'b')"
  print((show(pcall(loadfile(binary))):gsub("^true ", "")))             -- expect: "compiled"

  local marked = write("marked.luac", "\xEF\xBB\xBF" .. code)  -- a byte order mark is skipped
  print(dofile(marked), loadfile(marked, "t") == nil)                   -- expect: compiled true

  -- The cache is the process's: another service gets what was compiled here, and may clear it.
  local peer = util.peer()
  print(util.eval(peer, "return loadfile(...)()", text))                -- expect: text
  util.eval(peer, "require 'skynet.codecache'.clear()")
  print(util.eval(peer, "return require 'skynet.codecache'.mode()"), dofile(text))
  -- expect: ON text
end)
