-- mqueue.lua -- requests one after the other: order, errors with their text, killed workers.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local mqueue = require "skynet.mqueue"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local SERVICE = [[
  mqueue, trail, busy, deepest = require "skynet.mqueue", {}, 0, 0
  local command = {}
  function command.echo(...) return ... end
  function command.note(what)
    busy = busy + 1
    deepest = math.max(deepest, busy)
    skynet.yield()
    trail[#trail + 1] = what
    busy = busy - 1
    return what
  end
  function command.count(...) return select("#", ...), coroutine.running() == worker end
  function command.worker() worker = coroutine.running() end
  function command.fail(value) error(value) end
  function command.wait(token) skynet.wait(token) return "waited" end
  function command.unpackable() return print end
  function command.fail_so() error(print) end
  function run(name, ...) return command[name](...) end]]

local function later(f, ...)
  local box, args = {}, table.pack(...)
  skynet.fork(function() box.result = try("call failed", f, table.unpack(args, 1, args.n)) end)
  skynet.yield()
  return box
end

local function result(box)
  return util.wait_for(function() return box.result end)
end

util.run(function()
  local peer = util.peer()
  util.eval(peer, SERVICE)

  -- What comes before register waits for it; a second register is refused.
  mqueue.send(peer, "note", "early")
  local early = later(mqueue.call, peer, "echo", "early")
  print(util.eval(peer, "return mqueue.size()"))                  -- expect: 2
  print(show(util.eval(peer, "return mqueue.register(run)")))     -- expect: nothing
  print(result(early), util.eval(peer, "return mqueue.size(), trail[1]"))
  -- expect: "early" 0 early
  print(try("call failed", util.eval, peer, "mqueue.register(run)"))  -- expect: raises call failed
  print(util.in_log "assertion failed")                           -- expect: true

  -- Values and nils; the same coroutine for all.
  print(show(mqueue.call(peer, "echo", nil, 1, nil)), show(mqueue.call(peer, "echo")))
  -- expect: nil 1 nil nothing
  mqueue.send(peer, "worker")
  print(mqueue.call(peer, "count", nil, nil))                     -- expect: 2 true

  -- One at a time, in order, though each waits.
  local done = 0
  for i = 1, 20 do
    if i % 2 == 0 then
      mqueue.send(peer, "note", i)
    else
      skynet.fork(function()
        local answer = mqueue.call(peer, "note", i)
        done = done + (answer == i and 1 or 0)
      end)
    end
  end
  util.wait_for(function() return done == 10 end)
  print(mqueue.call(peer, "echo", "end"), util.eval(peer, "return #trail, deepest"))
  -- expect: end 21 1
  local list = util.eval(peer, "return trail")
  local ordered = true
  for i, what in ipairs { 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 } do
    ordered = ordered and list[i + 1] == what     -- sends first: the forks come after them
  end
  print(ordered, list[12], list[21])                              -- expect: true 1 19

  -- Errors: with their text or value at the caller; sends only in the log; it goes on.
  print(try("peer:14: with its text", mqueue.call, peer, "fail", "with its text"))
  -- expect: raises peer:14: with its text
  local _, value = pcall(mqueue.call, peer, "fail", { code = 5 })
  print(value.code, show(pcall(mqueue.call, peer, "fail")))       -- expect: 5 false nil
  print(try("Unsupport type function", mqueue.call, peer, "unpackable"))
  -- expect: raises Unsupport type function
  print(try("function: 0x", mqueue.call, peer, "fail_so"))          -- expect: raises function: 0x
  mqueue.send(peer, "fail", "of a send")
  mqueue.send(peer, "echo", "a value that nobody wants")
  print(mqueue.call(peer, "echo", "goes on"), util.in_log "of a send")  -- expect: goes on true
  print(util.log():find "forgot")                                 -- expect: nil

  -- size counts what waits, not what is in work.
  local waits = later(mqueue.call, peer, "wait", "token")
  local echo = later(mqueue.call, peer, "echo", "behind")
  mqueue.send(peer, "note", "behind")
  print(util.eval(peer, "return mqueue.size()"), waits.result, echo.result)  -- expect: 2 nil nil
  util.eval(peer, "skynet.wakeup 'token'")
  print(result(waits), result(echo))                              -- expect: "waited" "behind"

  -- A killed worker: the call in work fails, those behind it go on.
  waits = later(mqueue.call, peer, "wait", "token")
  echo = later(mqueue.call, peer, "echo", "after the kill")
  util.eval(peer, "skynet.killthread 'thread'")
  print(result(waits), result(echo))                  -- expect: raises call failed "after the kill"

  -- The service dies: all calls fail.
  waits = later(mqueue.call, peer, "wait", "token")
  echo = later(mqueue.call, peer, "echo")
  skynet.send(peer, "debug", "EXIT")
  print(result(waits), result(echo))  -- expect: raises call failed raises call failed
  print(try("call to invalid address", mqueue.call, peer, "echo"))
  -- expect: raises call to invalid address
end)
