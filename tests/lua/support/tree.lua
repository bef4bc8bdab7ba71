-- tree.lua -- settings of supervisors, by name.
-- helper: for the tests of supervisors in services of their own
local skynet = require "skynet"

return function(kind, recorder)
  local function child(id, how, more)
    local spec = { id = id, start = { "support/child", recorder, id, how or "" } }
    for key, value in pairs(more or {}) do
      spec[key] = value
    end
    return spec
  end
  local function nested(how)
    return { strategy = "one_for_all", children = { child "a",
      { id = "inner", supervisor = { children = { child("x", how), child "y" } } }, child "b" } }
  end
  local function significant(auto_shutdown)
    local more = { restart = "temporary", significant = true }
    return { auto_shutdown = auto_shutdown,
      children = { child "a", child("s", "", more), child("t", "", more) } }
  end
  if kind == "flat" then
    return { children = { child "a", child "b" } }
  elseif kind == "fails_later" then
    return { intensity = 2, children = { child("a", "once") } }
  elseif kind == "short_period" then
    return { period = 0.01, children = { child "a" } }
  elseif kind == "nested" then
    local spec = nested()
    spec.strategy = "one_for_one"
    return spec
  elseif kind == "nested_wrong" then
    return nested "fails"
  elseif kind:find "_significant$" then
    return significant(kind)
  elseif kind == "hangs" then
    require "skynet.manager".register ".tree"
    return { children = { child "a", child("h", "hangs") } }
  end
  return { strategy = "none" }
end
