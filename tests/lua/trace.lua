-- trace.lua -- tags travel with calls, and the events are in the log.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

util.run(function()
  local peer = util.peer()
  skynet.trace "begin"
  local tag = skynet.tracetag()
  print(util.eval(peer, "return skynet.tracetag()") == tag)  -- expect: true
  skynet.sleep(1)
  print(util.try("call failed", util.eval, peer, "error 'told you'"))
  -- expect: raises call failed
  for _, event in ipairs { "trace begin", "call : @", "sleep : @", "request", "resume",
    "response", "end", "error" } do
    local pattern = "<TRACE " .. tag:gsub("%-", "%%-") .. "> %d+ " .. event
    print(event, util.wait_for(function() return util.log():find(pattern) end, event) ~= nil)
  end
  -- expect: trace begin true
  -- expect: call : @ true
  -- expect: sleep : @ true
  -- expect: request true
  -- expect: resume true
  -- expect: response true
  -- expect: end true
  -- expect: error true
  print(util.in_log "trace.lua:")                   -- expect: true

  -- A failed tracecall leaves one's own tag as it is.
  print(util.try("call failed", skynet.tracecall, ":00000001-1", peer, "lua",
    skynet.packstring("eval", "error 'x'")))        -- expect: raises call failed
  print(skynet.tracetag() == tag)                   -- expect: true

  -- Tags that are no tags.
  skynet.redirect(peer, 0, "lua", 0, skynet.packstring("eval", ""))
  for _, text in ipairs { "", ("x"):rep(100000), ":1-1" } do
    require "skynet.core".send(peer, skynet.PTYPE_TRACE, 0, text)
  end
  skynet.fork(function()
    print(util.eval(peer, "return skynet.tracetag()"))  -- expect: :1-1
    print(util.eval(peer, "return skynet.tracetag()"))  -- expect: nil
    skynet.wakeup(peer)
  end)
  skynet.wait(peer)
end)
