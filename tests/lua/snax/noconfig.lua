-- noconfig.lua -- without the key `snax` there are no snax services; reading interfaces by hand.
-- threads: 2
-- cfg: lua_path = "$TMP/?.lua;tests/lua/?.lua"
-- cfg: tmp = "$TMP"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print = util.print

util.run(function()
  print(util.try("please set snax in config file", snax.interface, "x"))
  -- expect: raises please set snax in config file
  print(util.try("please set snax in config file", snax.newservice, "x"))
  -- expect: raises please set snax in config file
  print(util.try("outside of a snax service", snax.enablecluster))
  -- expect: raises outside of a snax service

  -- A file of the same name on the search path does not come before the library's.
  local dir = skynet.getenv "tmp" .. "/snax"
  os.execute(("mkdir -p '%s'"):format(dir))
  local file = assert(io.open(dir .. "/hotfix.lua", "w"))
  file:write "return 'of the user'"
  file:close()
  print(type(require "snax.hotfix"))                -- expect: function

  -- The file's module can be used with a loader of one's own.
  local read = require "snax.interface"
  local G = { kept = 1 }
  local methods, pattern = read("any", G, function(path, name, env)
    print(path, name, env.kept)                     -- expect: nil any 1
    return load([[
      kept = kept + 1
      function accept.a() return kept end
      function init() return _ENV end]], "=any", "t", env), "some/?/pattern"
  end)
  print(pattern, #methods, G.kept, rawget(G, "init"), rawget(G, "accept"))
  -- expect: some/?/pattern 5 2 nil nil
  print(table.concat({ table.unpack(methods[5], 1, 3) }, " "), methods[5][4]())
  -- expect: 5 accept a 2
  print(methods[1][4]() == G, methods[2][4])        -- expect: true nil
end)
