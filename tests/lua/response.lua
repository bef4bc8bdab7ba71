-- response.lua -- answers given later: by whom, how often, and to callers that are gone.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local kept = {}
local HANDLER = {}

function HANDLER.keep(name, pack)
  kept[name] = skynet.response(pack and HANDLER[pack])
end
function HANDLER.text(...) return "text of " .. select("#", ...) end
function HANDLER.pointer(...) return skynet.pack("pointer", ...) end
function HANDLER.raises() error "pack refuses" end

function HANDLER.both(name)
  kept[name] = skynet.response()
  kept.ret = util.try("No session", skynet.retpack)
  kept.second = util.try("no session", skynet.response)
  kept.context = util.show((skynet.context()))
end

function HANDLER.keep_and_fail(name)
  kept[name] = skynet.response()
  error "behind response"
end

function HANDLER.of_send()
  local reply = skynet.response()
  kept.of_send = util.show(reply(true, 1)) .. util.show(reply(true)) .. util.show(reply "TEST")
end

skynet.dispatch("lua", function(_, _, name, ...) HANDLER[name](...) end)

util.run(function()
  local boxes = {}
  local function ask(name, handler, ...)
    local args = table.pack(handler or "keep", name, ...)
    skynet.fork(function()
      boxes[name] = util.try("call failed", skynet.call, skynet.self(), "lua",
        table.unpack(args, 1, args.n))
    end)
    return util.wait_for(function() return kept[name] end)
  end
  local function answer(name)
    return util.wait_for(function() return boxes[name] end)
  end

  local reply = ask "a"
  print(reply "TEST", reply "TEST", type(reply))    -- expect: true true function
  print(reply(true, nil, { 1 } and 2, nil), answer "a") -- expect: true nil 2 nil
  print(reply "TEST")                               -- expect: false
  print(util.try("Can't response more than once", reply, true))
  -- expect: raises Can't response more than once
  print(util.try("Can't response more than once", reply, false))
  -- expect: raises Can't response more than once
  reply = ask "b"
  print(reply(false, "ignored"), answer "b")        -- expect: true raises call failed
  reply = ask "c"
  print(reply(nil), answer "c")                     -- expect: true raises call failed
  reply = ask "d"
  print(reply(1, "any true value"), answer "d")     -- expect: true "any true value"
  reply = ask "e"
  print(reply(true), answer "e")                    -- expect: true nothing

  reply = ask("pointer", nil, "pointer")
  print(reply(true, 1), answer "pointer")           -- expect: true "pointer" 1
  reply = ask("raises", nil, "raises")
  print(util.try("pack refuses", reply, true), reply "TEST")  -- expect: raises pack refuses true
  print(reply(false), answer "raises")              -- expect: true raises call failed
  reply = ask "bad value"
  print(util.try("Unsupport type", reply, true, print), reply "TEST")
  -- expect: raises Unsupport type true
  print(reply(true, 2), answer "bad value")         -- expect: true 2

  reply = ask("both", "both")
  print(kept.ret, kept.second, kept.context)
  -- expect: raises No session raises no session nil
  print(reply(true, "once"), answer "both")         -- expect: true "once"
  reply = ask("fails", "keep_and_fail")
  skynet.yield()
  print(reply "TEST", reply(true, "fine"), answer "fails")  -- expect: true true "fine"
  skynet.send(skynet.self(), "lua", "of_send")
  util.wait_for(function() return kept.of_send end)
  print(kept.of_send)                               -- expect: nothingnothingnothing

  -- Collected without an answer: the caller still waits, nothing breaks.
  ask "lost"
  kept.lost = nil
  collectgarbage()
  collectgarbage()
  print(util.task_count())                          -- expect: 1

  -- Out of order, from a timer.
  local order = {}
  for i = 1, 5 do
    skynet.fork(function()
      skynet.call(skynet.self(), "lua", "keep", i)
      order[#order + 1] = i
    end)
  end
  util.wait_for(function() return kept[5] end)
  skynet.timeout(0, function()
    for i = 5, 1, -1 do kept[i](true) end
  end)
  util.wait_for(function() return #order == 5 end)
  print(table.concat(order, " "))                   -- expect: 5 4 3 2 1

  -- A holder that exits refuses what it holds; one it has answered stays answered.
  local holder = util.peer()
  for i = 1, 3 do
    boxes[i] = util.eval_later(holder, "kept = kept or {} kept[...] = skynet.response()", i)
  end
  util.wait_for(function() return util.eval(holder, "return kept and kept[3] and true") end)
  util.eval(holder, "kept[2](true, 'two')")
  pcall(util.eval, holder, "skynet.exit()")
  for i = 1, 3 do
    util.wait_for(function() return boxes[i].result end)
    print(boxes[i].result)
    -- expect: raises call failed
    -- expect: "two"
    -- expect: raises call failed
  end
end)
