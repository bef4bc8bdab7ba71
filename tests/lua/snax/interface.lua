-- interface.lua -- reading service files: ids, caching, what is refused, where files are found.
-- threads: 1 2 8
-- cfg: snax = "$TMP/none/?.lua;$TMP/?.lua;$DIR/support/?.lua"
-- cfg: tmp = "$TMP"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print = util.print

local function define(name, text)
  local file = assert(io.open(skynet.getenv "tmp" .. "/" .. name .. ".lua", "w"))
  file:write(text)
  file:close()
  return name
end

local function sorted(ids)
  local words = {}
  for name, id in pairs(ids) do
    words[#words + 1] = id .. "=" .. name
  end
  table.sort(words)
  return table.concat(words, " ")
end

util.run(function()
  local class = snax.interface(define("order", [[
    local skynet, other = require "skynet", require "no.such.module"
    local function check(is_so) if not is_so then wrong() end end
    check(skynet == nil and other == nil and string == nil and _G == nil)
    function response.one() end
    function accept.two() end
    function init() end
    accept.one, helper = function() end, function() end
    function response.three() end
    check(accept.two == nil and response.one == nil and init == nil and helper)]]))
  print(class.name, class == snax.interface "order")     -- expect: order true
  print(sorted(class.system))             -- expect: 1=init 2=exit 3=hotfix 4=profile
  print(sorted(class.accept))             -- expect: 6=two 7=one
  print(sorted(class.response))           -- expect: 5=one 8=three

  local function refused(name, text, message)
    print(util.try(message, snax.interface, define(name, text)))
  end
  refused("value", "accept.x = 5", "accept.x must be function")
  -- expect: raises accept.x must be function
  refused("nothing", "response.x = nil", "response.x must be function")
  -- expect: raises response.x must be function
  refused("twice", "\n function response.y() end\nfunction response.y() end",
    "twice.lua:3: response.y duplicate definition")
  -- expect: raises twice.lua:3: response.y duplicate definition
  refused("key", "accept[5] = function() end", "accept method only support string")
  -- expect: raises accept method only support string
  for _, name in ipairs { "init", "exit", "hotfix", "profile" } do
    refused("as_" .. name, name .. " = true", name .. " must be a function")
  end
  -- expect: raises init must be a function
  -- expect: raises exit must be a function
  -- expect: raises hotfix must be a function
  -- expect: raises profile must be a function
  refused("syntax", "function response.x(", "syntax.lua:1:")     -- expect: raises syntax.lua:1:
  refused("raises", "error 'top level'", "raises.lua:1: attempt to call a nil")
  -- expect: raises raises.lua:1: attempt to call a nil
  refused("calls", "require 'skynet'.start()", "attempt to index a nil value")
  -- expect: raises attempt to index a nil value
  refused("env", "setmetatable(_ENV, {})", "attempt to call a nil value (global 'setmetatable')")
  -- expect: raises attempt to call a nil value (global 'setmetatable')
  print(util.try("none/no%1.lua", snax.interface, "no%1"))       -- expect: raises none/no%1.lua
  print(util.try("string expected", snax.interface, nil))        -- expect: raises string expected

  -- What failed is not remembered; a name with pattern characters is a name.
  define("value", "function accept.x() end")
  print(sorted(snax.interface "value".accept))                   -- expect: 5=x
  print(snax.newservice(define("a%1", "function response.r() return 'r' end")).req.r())
  -- expect: r

  -- newservice and the others read it first, so nothing is started.
  local launched = skynet.call(".launcher", "lua", "LIST")
  for _, name in ipairs { "newservice", "rawnewservice", "uniqueservice", "globalservice" } do
    print(util.try("accept.bad must be function", snax[name], define("bad", "accept.bad = 1")))
  end
  -- expect: raises accept.bad must be function
  -- expect: raises accept.bad must be function
  -- expect: raises accept.bad must be function
  -- expect: raises accept.bad must be function
  local function count(list)
    local n = 0
    for _ in pairs(list) do
      n = n + 1
    end
    return n
  end
  print(count(skynet.call(".launcher", "lua", "LIST")) - count(launched))   -- expect: 0

  -- In the service the file has the real globals; a file that fails only there is an error, too.
  print(snax.newservice(define("real", [[
    local skynet = require "skynet"
    a_global = skynet and skynet.self
    function response.same()
      return _ENV == _G, a_global == require "skynet".self, _G.a_global ~= nil
    end
  ]])).req.same())                                               -- expect: true true true
  print(util.try("call failed", snax.newservice, define("there", [[
    if require "skynet" then error "fails in the service" end]])))
  -- expect: raises call failed
  print(util.in_log "fails in the service")                      -- expect: true

  -- Modules of its own: found while the file runs, and later.
  local here = skynet.getenv "snax":match "([^;]*)%?[^;]*$"
  local path, front, where, same = snax.newservice "pathed".req.where()
  print(path == here .. "pathed/", front == path .. "?.lua", where == path, same)
  -- expect: true true true true
end)
