-- protocol.lua -- the protocol snax is watched by the runtime: changes of its table are seen.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local mine = { name = "snax", id = skynet.PTYPE_SNAX, pack = skynet.pack, unpack = skynet.unpack,
  extra = "mine" }

util.run(function()
  local me = skynet.self()
  print(try("snax", skynet.call, me, "snax", 1))                  -- expect: raises snax
  skynet.register_protocol(mine)
  print(try("call failed", skynet.call, me, "snax", 1))           -- expect: raises call failed

  -- The table that was given is the one that counts.
  function mine.dispatch(_, _, ...) skynet.retpack("one", ...) end
  print(show(skynet.call(me, "snax", nil, 2)), show(skynet.call(me, 11, 3)))
  -- expect: "one" nil 2 "one" 3
  local first = mine.dispatch
  print(skynet.dispatch("snax", function(_, _, ...) skynet.retpack("two", ...) end) == first,
    skynet.call(me, "snax", 4))                                   -- expect: true two 4
  print(skynet._proto.snax == mine, skynet._proto[11] == mine, mine.dispatch ~= first)
  -- expect: true true true

  -- Its fields are where a program looks for them.
  local fields = {}
  for key in pairs(mine) do
    fields[#fields + 1] = key
  end
  table.sort(fields)
  print(table.concat(fields, " "), mine.extra)
  -- expect: dispatch extra id name pack unpack mine
  local count = 0
  for key, value in pairs(skynet._proto.lua) do
    count = count + (value == skynet._proto.lua[key] and 1 or 0)
  end
  print(count)                                                    -- expect: 4

  -- Its packing can be replaced, and put back.
  mine.pack = function(...) return skynet.packstring("packed", ...) end
  print(show(skynet.call(me, "snax", 5)))                         -- expect: "two" "packed" 5
  mine.pack = skynet.pack
  mine.unpack = function(msg, sz) return "unpacked", skynet.unpack(msg, sz) end
  print(show(skynet.call(me, "snax", 6)))             -- expect: "unpacked" "two" "unpacked" 6
  mine.unpack = skynet.unpack
  print(show(skynet.call(me, "snax", 7)))                         -- expect: "two" 7
  mine.pack = nil
  print(try("(field 'pack')", skynet.call, me, "snax", 8))        -- expect: raises (field 'pack')
  mine.pack = skynet.pack

  -- Tracing, and a handler that forgets its answer.
  skynet.traceproto("snax", true)
  print(show(skynet.call(me, "snax", 9)), util.in_log "<TRACE")   -- expect: "two" 9 true
  skynet.traceproto("snax", nil)
  mine.dispatch = function() end
  skynet.fork(skynet.call, me, "snax")
  local line = debug.getinfo(mine.dispatch, "S").linedefined
  print(util.in_log(("protocol.lua:%d"):format(line)))            -- expect: true

  -- The same name with a packing of its own from the beginning, in another service.
  local peer = util.peer()
  util.eval(peer, [[
    skynet.register_protocol { name = "snax", id = 11, unpack = skynet.tostring,
      pack = function(text) return text end,
      dispatch = function(_, _, text) skynet.ret(skynet.packstring("text", text)) end }]])
  local tag, text = skynet.call(peer, "snax", "x")
  print(tag, text:byte(1, -1))                                    -- expect: text 12 120
end)
