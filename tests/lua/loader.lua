-- loader.lua -- where a service is found, what it learns of its place, and the preload file.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: luaservice = "$DIR/?.lua;$DIR/support/?/main.lua;$DIR/?/pathed/main.lua"
-- cfg: preload = "$DIR/support/preload.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

-- Here SERVICE_PATH is the folder of the pattern.
local DIR = SERVICE_PATH

util.run(function()
  print(SERVICE_NAME, DIR ~= nil)   -- expect: loader true

  -- The last part of the pattern has no "?": the service's folder is searched first.
  local service = skynet.newservice("pathed", "a", 2)
  local name, path, first, private, args = skynet.call(service, "lua")
  print(name, path == DIR .. "support/pathed/", first == path .. "?.lua")
  -- expect: pathed true true
  print(private, "|", args)         -- expect: private of pathed | a 2

  -- It has one: nothing but the folder of the pattern is told.
  service = skynet.newservice "support/pathed/main"
  print(util.try("call failed", skynet.call, service, "lua")) -- expect: raises call failed
  print(util.in_log "module 'private' not found")             -- expect: true

  -- Characters of patterns in a name are only characters.
  print(util.try("call failed", skynet.newservice, "no%1such")) -- expect: raises call failed
  print(util.in_log "no%1such.lua")                            -- expect: true

  -- The preload file runs before the service, with its name and arguments; its globals stay, those
  -- of the loader go.
  service = skynet.newservice("support/preloaded", "x", "y")
  local words, saw, a, b, c, d = skynet.call(service, "lua")
  print(words)                      -- expect: support/preloaded x y
  print(saw == "true " .. DIR, a, b, c, d) -- expect: true nil nil nil nil
  print(util.try("call failed", skynet.newservice, "support/preloaded", "preload_fails"))
  -- expect: raises call failed
  print(util.in_log "the preload file fails")                  -- expect: true
end)
