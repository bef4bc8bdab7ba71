-- link.lua -- skein.link, unlink, trap_exit: who goes down with whom, and why.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

util.run(function()
  local reasons = {}  -- handle -> reason

  --- Peers that are watched.
  local function peers(count)
    local list = {}
    for i = 1, count do
      list[i] = util.peer()
      skein.monitor(list[i], function(addr, reason) reasons[addr] = reason end)
    end
    return table.unpack(list)
  end
  local function link(a, b)
    util.eval(a, "require 'skein'.link(...)", b)
  end
  local function exit(peer, reason)
    skynet.send(peer, "lua", "eval", "require 'skein'.exit(...)", reason)
  end
  local function reason_of(peer)
    util.wait_for(function() return reasons[peer] end)
    return reasons[peer]
  end
  local function lives(peer)
    return util.eval(peer, "return 'lives'")
  end

  -- An abnormal end takes the link down, whichever side made the link; with the same reason.
  local a, b = peers(2)
  link(a, b)
  exit(a, "no luck")
  print(reason_of(b))                               -- expect: error: no luck
  a, b = peers(2)
  link(a, b)
  exit(b, "shutdown: for now")
  print(reason_of(a))                               -- expect: shutdown: for now
  print(util.in_log(("linked to :%08x which has ended: shutdown: for now"):format(b)))
  -- expect: true
  a, b = peers(2)
  link(a, b)
  skein.kill(a)
  print(reason_of(b) == ("killed by :%08x"):format(skynet.self()))  -- expect: true

  -- A normal one does not.
  a, b = peers(2)
  link(a, b)
  exit(a, "normal")
  print(reason_of(a), lives(b))                     -- expect: normal lives

  -- Along a chain, and around a circle.
  local ring = { peers(20) }
  for i, peer in ipairs(ring) do
    link(peer, ring[i % #ring + 1])
  end
  exit(ring[7], "all or none")
  for _, peer in ipairs(ring) do
    assert(reason_of(peer) == "error: all or none")
  end

  -- Requests of one that goes down are answered with errors.
  a, b = peers(2)
  link(a, b)
  local box = util.eval_later(b, "asked = true skynet.wait()")
  util.wait_for(function() return util.eval(b, "return asked") end)
  skein.kill(a)
  util.wait_for(function() return box.result end)
  print(box.result)                                 -- expect: raises call failed

  -- One that is stuck in its code.
  a, b = peers(2)
  link(a, b)
  if skynet.getenv "thread" ~= "1" then  -- else nobody is left to tell it
    skynet.send(b, "lua", "eval", "while true do end")
  end
  skein.kill(a)
  print(reason_of(b) == reason_of(a))               -- expect: true

  -- unlink; linking twice is linking once.
  a, b = peers(2)
  link(a, b)
  link(b, a)
  print(util.eval(b, "return require 'skein'.unlink(...)", a))  -- expect: true
  print(util.eval(a, "return require 'skein'.unlink(...)", b))  -- expect: false
  exit(a, "no luck")
  print(reason_of(a), lives(b))                     -- expect: error: no luck lives

  -- trap_exit: notices in place of the end, for every reason.
  a, b = peers(2)
  util.eval(a, [[
    local skein = require "skein"
    assert(skein.trap_exit() == false and skein.trap_exit(true) == false and skein.trap_exit())
    seen = {}
    skein.on_exit(function(...) seen[#seen + 1] = table.pack(...) end)]])
  local c = peers(1)
  link(a, b)
  link(c, a)
  exit(b, "no luck")
  util.wait_for(function() return util.eval(a, "return #seen") == 1 end)
  exit(c, "normal")
  util.wait_for(function() return util.eval(a, "return #seen") == 2 end)
  print(util.eval(a, "return seen[1][1] == ..., seen[1][2], seen[1][3]", b))
  -- expect: true error: no luck nil
  print(util.eval(a, "return seen[2][1] == ..., seen[2][2], seen[2][3]", c))
  -- expect: true normal nil
  util.eval(a, "require 'skein'.link(0xfffff0)")
  util.wait_for(function() return util.eval(a, "return #seen") == 3 end)
  print(util.eval(a, "return seen[3][1], seen[3][2]"))          -- expect: 16777200 gone
  print(util.eval(a, "return require 'skein'.trap_exit(false)"))  -- expect: true

  -- Linking to one that is gone.
  skynet.send(a, "lua", "eval", "require 'skein'.link(...)", b)
  print(reason_of(a))                               -- expect: gone

  -- The launcher forgets who went down, also one that had not started.
  a = peers(1)
  local failed
  skynet.fork(function()
    failed = util.try("call failed", skynet.newservice, "support/links", a)
  end)
  util.wait_for(function() return skynet.localname ".links" end)
  local starter = skynet.localname ".links"
  skein.kill(a)
  util.wait_for(function() return failed end)
  print(failed)                                     -- expect: raises call failed
  print(skynet.call(".launcher", "lua", "LIST")[skynet.address(starter)])  -- expect: nil

  -- A link does not outlive one that ended normally: the handle is free of it.
  print(util.try("another service", skein.link, skynet.self()))  -- expect: raises another service
  print(util.try("another node", skein.link, 0x05000001))        -- expect: raises another node
  print(skein.unlink(0xfffff0))                                  -- expect: false
end)
