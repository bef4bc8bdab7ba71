-- options.lua -- snax_interface_g and snax_loader.
-- threads: 1 2
-- cfg: snax = "$DIR/support/?.lua"
-- cfg: snax_interface_g = "support.globals"
-- cfg: snax_loader = "$DIR/support/loader.lua"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print = util.print

util.run(function()
  local class = snax.interface "generated"
  print(class.response.paths, class.response.second)        -- expect: 5 7
  local globals = require "support.globals"
  print(globals.interface_ran, globals.init, globals.response)  -- expect: 1 nil nil

  local a = snax.newservice "generated"
  local name, ran, self = a.req.second()
  print(name, ran, self == a.handle)                        -- expect: second 1 true
  local path, front, from = a.req.paths()
  print(path, front, from:match "[^/]*$")
  -- expect: somewhere/generated/ somewhere/generated/?.lua generated.lua

  -- The two methods of the loop have a variable of the same name each.
  print(util.try("ambiguity local value name", snax.hotfix, a, ""))
  -- expect: raises ambiguity local value name

  -- Tables that are not fit for it.
  local function refused(value, message)
    package.loaded["skynet.snax"] = nil
    package.loaded["support.globals"] = value
    skynet._proto.snax, skynet._proto[skynet.PTYPE_SNAX] = nil, nil
    print(util.try(message, require "skynet.snax".interface, "generated"))
  end
  refused({ init = 1 }, "must not define init")             -- expect: raises must not define init
  refused({ accept = 1 }, "must not define accept")         -- expect: raises must not define accept
  refused(setmetatable({}, {}), "not a plain table")        -- expect: raises not a plain table
  refused(5, "not a plain table")                           -- expect: raises not a plain table
end)
