-- hotfix.lua -- patches: joined and private variables, globals, what is refused, what fails.
-- threads: 1 2 8
-- cfg: snax = "$DIR/support/?.lua;$TMP/?.lua"
-- cfg: logger = "$TMP/log"
-- cfg: tmp = "$TMP"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local function define(name, text)
  local file = assert(io.open(skynet.getenv "tmp" .. "/" .. name .. ".lua", "w"))
  file:write(text)
  file:close()
  return name
end

local told
skynet.dispatch("lua", function(_, _, what) told = what end)

util.run(function()
  local a = snax.newservice("hot", 5)
  a.post.hit()

  -- A function, and hotfix itself, that share the service's variable; values in and out.
  print(show(snax.hotfix(a, [[
    local count
    function accept.hit() count = count + 10 end
    function hotfix(...) local old = count; count = 100; return old, ... end]], "x", nil, 2)))
  -- expect: 6 "x" nil 2
  a.post.hit()
  print(show(a.req.count()))                          -- expect: 110 1

  -- Without a hotfix function nothing comes back; the one of an earlier patch is not called.
  print(show(snax.hotfix(a, [[
    local list
    function response.count() return "only", #list end]])))  -- expect: nothing
  print(show(a.req.count()))                          -- expect: "only" 1

  -- Variables with a value stay the patch's; unknown ones are private; helpers of the patch join.
  snax.hotfix(a, [[
    local factor = 10
    local calls
    local deep
    local function helper() calls = (calls or 0) + 1; return deep .. calls end
    function response.scale(v) return v * factor, helper() end]])
  print(show(a.req.scale(3)), show(a.req.scale(4)))   -- expect: 30 "deep1" 40 "deep2"
  snax.hotfix(a, "local deep; function hotfix() deep = 'changed' end")
  print(show(a.req.scale(1)), show(a.req.deep()))     -- expect: 10 "changed3" "changed" "true"

  -- What a function of the service was before stays in the old functions that use it.
  snax.hotfix(a, [[
    local deep
    local function inner() return "new inner" end
    function response.slow() return inner(), deep end]])
  print(show(a.req.slow()), show(a.req.deep()))  -- expect: "new inner" "changed" "changed" "true"
  print(try("ambiguity local value inner", snax.hotfix, a, "function hotfix() end"))
  -- expect: raises ambiguity local value inner
  print(show(a.req.deep()))                           -- expect: "changed" "true"

  -- Old code runs on to its end; the variable is the same one.
  local b, slow = snax.newservice("hot", 1), nil
  skynet.fork(function() slow = show(b.req.slow "go") end)
  skynet.yield()
  snax.hotfix(b, [[
    local count
    function response.slow() return "new", count end
    function hotfix() count = count + 1 end]])
  print(show(b.req.slow()))                           -- expect: "new" 2
  b.post.wakeup "go"
  print(util.wait_for(function() return slow end))    -- expect: "old" 1 2

  -- Globals: those of the top level stay in a copy that all patches share, as it was at the first;
  -- those in functions are the real ones.
  snax.hotfix(b, [[
    patched_global, hot_global = "top", "top"
    function hotfix() other_global = "inside" end]])
  print(show(b.req.global()))                         -- expect: "global" nil
  print(show(snax.hotfix(b, [[
    local seen = { patched_global, hot_global, other_global }
    function hotfix()
      patched_global = "inside"
      return seen[1], seen[2], seen[3], other_global, accept, response, _G.patched_global
    end]])))         -- expect: "top" "top" nil "inside" nil nil "inside"
  print(show(b.req.global()))                         -- expect: "global" "inside"

  -- What only a function without globals uses is not found: private, and empty.
  print(show(snax.hotfix(b, "local secret; function hotfix() return secret end")))  -- expect: nil
  print(b.req.plain(), b.req.plain())                 -- expect: 2 3

  -- init, exit: replaced as well.
  snax.hotfix(b, [[
    local skynet
    function exit(to) skynet.send(to, "lua", "new exit") end
    function init() end]])
  snax.kill(b, skynet.self())
  print(util.wait_for(function() return told end))    -- expect: new exit

  -- Refused before anything is changed.
  local c = snax.newservice("hot", 7)
  local ok = "local count; function response.count() return 'patched' end "
  local function refused(message, source)
    print(try(message, snax.hotfix, c, ok .. source), show(c.req.count()))
  end
  refused("Patch mismatch accept.nosuch", "function accept.nosuch() end")
  -- expect: raises Patch mismatch accept.nosuch 7 0
  refused("Patch mismatch response.hit", "function response.hit() end")
  -- expect: raises Patch mismatch response.hit 7 0
  refused("patch 3:2: <name> or", "\nfunction response.count( end")
  -- expect: raises patch 3:2: <name> or 7 0
  refused("patch 4:1: at the top", "error 'at the top'")
  -- expect: raises patch 4:1: at the top 7 0
  refused("must be function", "accept.hit = 1")              -- expect: raises must be function 7 0
  refused("hotfix must be a function", "hotfix = {}")
  -- expect: raises hotfix must be a function 7 0
  refused("duplicate definition", ok)  -- expect: raises duplicate definition 7 0
  print(try("attempt to load a binary chunk", snax.hotfix, c, string.dump(function() end)))
  -- expect: raises attempt to load a binary chunk
  print(try("patch of a snax service: a string expected", snax.hotfix, c, nil))
  -- expect: raises patch of a snax service: a string expected
  print(show(snax.hotfix(c, "")))                            -- expect: nothing

  -- The hotfix function is part of the patch, but runs when all is in place: it may wait, and when
  -- it fails the functions stay.
  print(show(snax.hotfix(c, "function hotfix(t) require 'skynet'.sleep(t); return 'slept' end", 1)))
  -- expect: "slept"
  print(try("migration", snax.hotfix, c, ok .. "function hotfix() error 'migration' end"))
  -- expect: raises migration
  print(c.req.count(), show(snax.hotfix(c, "function hotfix() return 'again' end")))
  -- expect: patched "again"

  -- Two variables of one name: which one would a patch mean?
  local twice = snax.newservice(define("twice", [[
    local v = 1
    function response.a() return v end
    do
      local v = 2
      function response.b() return v end
    end]]))
  print(try("ambiguity local value v", snax.hotfix, twice, "function response.a() return 3 end"))
  -- expect: raises ambiguity local value v
  print(twice.req.a(), twice.req.b())                        -- expect: 1 2

  -- A service that uses no global at all: its patches have the real ones.
  local none = snax.newservice(define("none", "local n = 1; function response.n() return n end"))
  snax.hotfix(none, "local n; function response.n() a_global = n; return n + 1 end")
  print(none.req.n(), show(snax.hotfix(none, "function hotfix() return _G.a_global end")))
  -- expect: 2 1

  -- A helper with globals, of a method without: found.
  local via = snax.newservice(define("via", [[
    local n = 1
    local function helper() return tostring(n) end
    function response.n() return helper() end
    function response.other() return type(1) end]]))
  snax.hotfix(via, "local n; function hotfix() n = 5 end")
  print(via.req.n())                                         -- expect: 5

  -- Functions of other modules that a patch uses are left alone.
  print(show(snax.hotfix(none, [[
    local queue, n = require "skynet.queue", nil
    local create = queue.create
    function response.n() return create, n end
    function hotfix()
      local q = create()
      q:push(n)
      return q:pop(0)
    end]])))                                                 -- expect: 1
end)
