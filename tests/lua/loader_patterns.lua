-- loader_patterns.lua -- SERVICE_PATH for each kind of pattern, and preload files that fail.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
-- cfg: tmp = "$TMP"
-- cfg: luaservice = "$DIR/?.lua;$DIR/?/pathed/?.lua;?.lua"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local DIR = SERVICE_PATH

util.run(function()
  local function place(name) return skynet.call(skynet.newservice(name), "lua") end

  -- The last part has a "?": the folder as it stands in the pattern, and the same package.path.
  local name, path, package_path = place "support/pathed/support"
  print(name, path == DIR, package_path == package.path) -- expect: support/pathed/support true true
  name, path, package_path = place "support"
  print(name, path == DIR .. "?/pathed/", package_path == package.path) -- expect: support true true

  -- No folder at all.
  name, path, package_path = place "tests/lua/support/pathed/support"
  print(name, path, package_path == package.path)
  -- expect: tests/lua/support/pathed/support nil true

  -- None of the patterns: each file that was tried is in the log.
  print(util.try("call failed", skynet.newservice, "nowhere")) -- expect: raises call failed
  for _, file in ipairs { DIR .. "nowhere.lua", DIR .. "nowhere/pathed/nowhere.lua" } do
    print(util.in_log(file))
    -- expect: true
    -- expect: true
  end

  -- From now on all services have a preload file.
  local file_name = skynet.getenv "tmp" .. "/preload_it.lua"
  local function start_with(code)
    if code then
      local file = assert(io.open(file_name, "w"))
      file:write(code)
      file:close()
    end
    local text = util.try("call failed", skynet.newservice, "support/peer")
    return math.tointeger(text) and "started" or text
  end
  print(start_with())                               -- expect: started
  skynet.setenv("preload", file_name)
  print(start_with())                               -- expect: raises call failed
  print(util.in_log "preload_it.lua: No such file") -- expect: true
  print(start_with "local x = = 1")                 -- expect: raises call failed
  print(util.in_log "preload_it.lua:1: ")           -- expect: true
  print(start_with "error 'the file refuses'")      -- expect: raises call failed
  print(util.in_log "the file refuses")             -- expect: true
  print(start_with "error {}")                      -- expect: raises call failed
  print(start_with "assert(SERVICE_NAME == 'support/peer' and select('#', ...) == 1)")
  -- expect: started
end)
