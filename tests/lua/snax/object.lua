-- object.lua -- objects: calling, posting, binding, their errors, sending them about.
-- threads: 1 2 8
-- cfg: snax = "$DIR/support/?.lua"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local snax = require "skynet.snax"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

util.run(function()
  local a = snax.newservice("full", 1, nil, { x = "t" }, nil)
  local same = snax.bind(skynet.address(a.handle), "full")
  assert(same == a and tostring(snax.bind(".launcher", "full")) == "[full:.launcher]")
  print(a.type, math.type(a.handle), tostring(a) == ("[full:%x]"):format(a.handle), a.other)
  -- expect: full integer true nil
  print(select("#", a.req.given()), (select(3, a.req.given())).x)     -- expect: 4 t

  -- Values, nils, nothing; functions may be kept.
  print(show(a.req.echo(nil, 1, nil)), show(a.req.echo()))            -- expect: nil 1 nil nothing
  print(a.req.echo == a.req.echo, a.req == a.req)                     -- expect: true true
  local echo = a.req.echo
  print(echo "kept")                                                  -- expect: kept
  print(show(a.post.add(5)), show(a.req.double(4)))  -- expect: nothing 8 "a global"
  for i = 1, 10 do
    a.post.add(i)
  end
  print(a.req.add(100))                                               -- expect: 160

  -- The module functions, with an object and with a handle.
  print(show(snax.req(a, "echo", 1, nil)), snax.req(a.handle, "add", 0))  -- expect: 1 nil 160
  print(show(snax.post(a, "add", 1)), show(snax.post(a.handle, "add", 1)), a.req.add(0))
  -- expect: nothing nothing 162

  -- A raw message has the method's id and the values.
  local class = snax.interface "full"
  print(skynet.call(a.handle, "snax", class.response.echo, "raw"))    -- expect: raw
  print(skynet.packstring(class.accept.add, "x"):byte(1, 2))          -- expect: 10 8
  print(show(skynet.call(a.handle, "snax", class.accept.add, 1)), a.req.add(0))
  -- expect: nothing 163
  skynet.send(a.handle, "snax", class.response.add, 1)
  print(a.req.add(0))                                                 -- expect: 164

  -- Unknown methods, other things that are no methods.
  print(try("request full:nosuch no exist", function() return a.req.nosuch end))
  -- expect: raises request full:nosuch no exist
  print(try("post full:echo no exist", function() return a.post.echo end))
  -- expect: raises post full:echo no exist
  print(try("request full:nil no exist", function() return a.req[nil] end))
  -- expect: raises request full:nil no exist
  print(try("request full:nosuch no exist", snax.req, a, "nosuch"))
  -- expect: raises request full:nosuch no exist
  print(try("post full:echo no exist", snax.post, a.handle, "echo"))
  -- expect: raises post full:echo no exist
  for _, f in ipairs { function() return a.req.nosuch end, function() snax.req(a, "nosuch") end } do
    print((select(2, pcall(f)):match "object.lua:%d+: .*"):gsub("%d+", "N"))
  end
  -- expect: object.lua:N: request full:nosuch no exist 1
  -- expect: object.lua:N: request full:nosuch no exist 1
  print(try("no object and no bound handle", snax.req, 0xfffff0, "x"))
  -- expect: raises no object and no bound handle
  print(try("no object and no bound handle", snax.post, nil, "x"))
  -- expect: raises no object and no bound handle
  for _, id in ipairs { 0, 99, "echo", 5.5, true } do
    print(try("call failed", skynet.call, a.handle, "snax", id))
  end
  -- expect: raises call failed
  -- expect: raises call failed
  -- expect: raises call failed
  -- expect: raises call failed
  -- expect: raises call failed
  print(try("call failed", skynet.call, a.handle, "snax"))            -- expect: raises call failed
  print(util.in_log "Invalid method id 99 of full")                   -- expect: true

  -- Failing handlers: the caller, the log, and the service goes on.
  print(try("call failed", a.req.fail, "a failing request"), a.req.echo "lives")
  -- expect: raises call failed lives
  a.post.fail "a failing post"
  print(a.req.echo "lives", util.in_log "a failing request", util.in_log "a failing post")
  -- expect: lives true true

  -- A handler that waits lets others run.
  local woken
  skynet.fork(function() woken = a.req.wait "token" end)
  skynet.yield()
  print(a.req.echo "meanwhile", woken)                                -- expect: meanwhile nil
  a.post.wakeup "token"
  print(util.wait_for(function() return woken end), a.req.nest(5))    -- expect: woken bottom 5

  -- bind: cached, checked, kept apart.
  print(snax.bind(a.handle, "full") == a)                             -- expect: true
  print(try("assertion failed", snax.bind, a.handle, "pathed"))  -- expect: raises assertion failed
  print(try("handle expected", snax.bind, nil, "full"))  -- expect: raises handle expected
  local handle = snax.rawnewservice("full", "raw")
  print(math.type(handle), try("no bound handle", snax.req, handle, "given"))
  -- expect: integer raises no bound handle
  print(snax.bind(handle, "full").req.given())                        -- expect: raw
  collectgarbage()
  collectgarbage()
  print(snax.req(handle, "given"), try("assertion failed", snax.bind, handle, "pathed"))
  -- expect: raw raises assertion failed

  -- Handles of services that are gone are forgotten after a while, the others never.
  for i = 1, 2000 do
    snax.bind(0x00f00000 + i, "full")
  end
  print(try("no bound handle", snax.req, 0x00f00001, "given"), snax.req(handle, "given"))
  -- expect: raises no bound handle raw
  print(snax.bind(0x00f00001, "pathed").type, snax.bind(a.handle, "full") == a)
  -- expect: pathed true

  -- An object is a value: it can be sent, and bound where it arrives.
  local copy = a.req.echo(a)
  print(copy.handle == a.handle, copy.type, getmetatable(copy))       -- expect: true full nil
  print(snax.bind(copy.handle, copy.type) == a)                       -- expect: true
  local n = 0
  for _ in pairs(a.req) do
    n = n + 1
  end
  print(n)                                                            -- expect: 0

  -- Inside the service.
  local h, kind, text, name, path, no_accept, no_response = a.req.who()
  print(h == a.handle, kind, text == tostring(a), name, path:match "support/full/$", no_accept,
    no_response)             -- expect: true full true full support/full/ true true
  print(show(snax.printf("%s and %d", "formatted", 5)), util.in_log "formatted and 5")
  -- expect: nothing true
  print(show(a.req.log("%q from inside", "text")), util.in_log '"text" from inside')
  -- expect: nothing true

  -- Many at once.
  local sum, done = 0, 0
  for i = 1, 300 do
    skynet.fork(function()
      local value = a.req.echo(i)
      sum, done = sum + value, done + 1
    end)
  end
  util.wait_for(function() return done == 300 end)
  print(sum)                                                          -- expect: 45150
end)
