-- compat10.lua -- the old names of modules: with a directory compat10 on the path, and not without.
-- threads: 1 2
-- cfg: lua_path = "$TMP/before/?.lua;$TMP/compat10/?.lua;$TMP/after/?.lua;tests/lua/?.lua"
-- cfg: tmp = "$TMP"
local skynet = require "skynet"
local early = require "mqueue"  -- in the main chunk
local util = require "support.util"
local print, try = util.print, util.try

local NAMES = {
  "cluster", "crypt", "datacenter", "dns", "memory", "mqueue", "multicast", "netpack", "profile",
  "sharedata", "sharemap", "snax", "socket", "socketchannel", "socketdriver", "stm",
}

--- What require of the old and of the new name says.
local function both(old, new)
  local ok, value = pcall(require, old)
  local new_ok, new_value = pcall(require, new)
  if not ok or not new_ok then
    return ok == new_ok and tostring(value):find(new, 1, true) ~= nil
  end
  return value == new_value and package.loaded[old] == new_value and require(old) == value
end

local function define(dir, name)
  local tmp = skynet.getenv "tmp"
  os.execute(("mkdir -p '%s/%s'"):format(tmp, dir))
  local file = assert(io.open(("%s/%s/%s.lua"):format(tmp, dir, name), "w"))
  file:write(("return %q"):format(dir))
  file:close()
end

util.run(function()
  print(early == require "skynet.mqueue")                   -- expect: true
  for _, name in ipairs(NAMES) do
    if not both(name, "skynet." .. name) then
      print(name, "differs")
    end
  end
  for _, name in ipairs { "mongo", "mysql", "redis" } do
    if not both(name, "skynet.db." .. name) then
      print(name, "differs")
    end
  end
  print(require "socket" == require "skynet.socket", require "snax" == require "skynet.snax")
  -- expect: true true

  -- The user's files before that directory win, those behind it do not, as if the files were there.
  local function again(name)
    package.loaded[name] = nil
    return require(name)
  end
  define("after", "mqueue")
  print(again "mqueue" == early)                            -- expect: true
  define("compat10", "mqueue")
  print(again "mqueue" == early)                            -- expect: true
  define("before", "mqueue")
  print(again "mqueue")                                     -- expect: before
  package.preload.socket = function() return "preload" end
  print(again "socket")                                     -- expect: preload
  package.preload.socket = nil

  -- Only these names, and only a directory of exactly this name.
  print(try("module 'more' not found", again, "more"))  -- expect: raises module 'more' not found
  print(try("module 'core' not found", again, "core"))  -- expect: raises module 'core' not found
  for _, path in ipairs { "", "./compat10/x/?.lua", "./xcompat10/?.lua", "./compat10x/?.lua",
    "compat10?.lua", "./?/compat10", "./compat1/?.lua;" } do
    package.path = path
    print(try("module 'snax' not found", again, "snax"))
  end
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  -- expect: raises module 'snax' not found
  for _, path in ipairs { "compat10/?.lua", "x;;/a/compat10/?.lua;y" } do
    package.path = path
    print(again "snax" == require "skynet.snax")
  end
  -- expect: true
  -- expect: true
end)
