-- protocol.lua -- register_protocol and dispatch: names, ids, handlers that change, bad tables.
-- threads: 2
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

skynet.register_protocol {
  name = "plain",
  id = 100,
  pack = function(...) return table.concat({ ... }, ",") end,
  unpack = skynet.tostring,
  dispatch = function(_, _, text) skynet.ret("got " .. text) end,
}

local function assertion(class)
  return util.try("assertion failed", skynet.register_protocol, class)
end

util.run(function()
  local me = skynet.self()
  print(skynet.call(me, "plain", 1, "b"))           -- expect: got 1,b
  print(skynet.call(me, 100, "by id"))              -- expect: got by id

  print(assertion { name = "plain", id = 101 })     -- expect: raises assertion failed
  print(assertion { name = "other", id = 100 })     -- expect: raises assertion failed
  print(assertion { name = "lua", id = 102 })       -- expect: raises assertion failed
  print(assertion { name = 5, id = 103 })           -- expect: raises assertion failed
  print(assertion { name = "x", id = "103" })       -- expect: raises assertion failed
  print(assertion { name = "x", id = 256 })         -- expect: raises assertion failed
  print(assertion { name = "x", id = -1 })          -- expect: raises assertion failed
  print(assertion { name = "x" })                   -- expect: raises assertion failed

  -- The table is kept by reference.
  local proto = skynet._proto.plain
  print(proto == skynet._proto[100])                -- expect: true
  proto.pack = function(x) return "changed " .. x end
  print(skynet.call(me, "plain", "pack"))           -- expect: got changed pack
  proto.dispatch = function(_, _, text) skynet.ret("new " .. text) end
  print(skynet.call(me, "plain", "handler"))        -- expect: new changed handler

  -- dispatch returns the previous handler, asks without a function, refuses unknown names.
  local first = function() skynet.retpack "first" end
  print(skynet.dispatch("lua", first))              -- expect: nil
  print(skynet.dispatch "lua" == first)             -- expect: true
  print(skynet.call(me, "lua"))                     -- expect: first
  print(skynet.dispatch("lua", function() skynet.retpack "second" end) == first) -- expect: true
  print(skynet.call(me, "lua"))                     -- expect: second
  print(util.show(skynet.dispatch "unheard"))       -- expect: nil
  print(pcall(skynet.dispatch, "unheard", first))
  -- expect: false attempt to index a nil value (unknown protocol unheard)
  print(util.try("unheard", skynet.send, me, "unheard")) -- expect: raises unheard

  -- No pack, no unpack: noticed when used.
  skynet.register_protocol { name = "bare", id = 110, dispatch = function() end }
  print(util.try("(field 'pack')", skynet.send, me, "bare", 1)) -- expect: raises (field 'pack')
  print(util.try("call failed", skynet.rawcall, me, "bare", "x")) -- expect: raises call failed

  -- Nobody handles it: an error answer, or the hook.
  skynet.register_protocol { name = "deaf", id = 111, pack = skynet.pack, unpack = skynet.unpack }
  print(util.try("call failed", skynet.call, me, "deaf", 1)) -- expect: raises call failed
  local seen = {}
  local function hook(session, source, msg, sz, what)
    seen[#seen + 1] = util.show(session, source == me, skynet.unpack(msg, sz)) .. " " .. what
  end
  print(type(skynet.dispatch_unknown_request(hook))) -- expect: function
  skynet.send(me, "deaf", "a", 2)
  util.wait_for(function() return seen[1] end)
  print(seen[1])                                    -- expect: 0 true "a" 2 deaf

  -- The lua protocol itself can be changed, and changed back.
  local lua = skynet._proto.lua
  local pack, unpack = lua.pack, lua.unpack
  lua.pack = function(...) return pack("wrapped", ...) end
  skynet.dispatch("lua", function(_, _, ...) skynet.retpack(...) end)
  print(util.show(skynet.call(me, "lua", 7)))       -- expect: "wrapped" 7
  lua.unpack = function(...) return "read", unpack(...) end
  print(util.show(skynet.call(me, "lua", 8)))       -- expect: "read" "read" "wrapped" 8
  lua.pack, lua.unpack = pack, unpack
  print(util.show(skynet.call(me, "lua", 9)))       -- expect: 9
  for _, name in ipairs { "lua", "response", "error", "debug" } do
    local p = skynet._proto[name]
    print(name, p.id, skynet._proto[p.id] == p)
    -- expect: lua 10 true
    -- expect: response 1 true
    -- expect: error 7 true
    -- expect: debug 9 true
  end
end)
