-- noconfig.lua -- without the key `snax` there are no snax services; reading interfaces by hand.
-- threads: 2
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
