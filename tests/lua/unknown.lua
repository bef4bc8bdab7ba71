-- unknown.lua -- messages that nobody expects: the default lines of the log, and the hooks.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local core = require "skynet.core"
local util = require "support.util"
local print = util.print

local SYSTEM = skynet.PTYPE_SYSTEM

util.run(function()
  local me = skynet.self()
  local hex = ("%x"):format(me)
  local head = "lua call [" .. hex .. " to :" .. hex .. " : "

  -- Without hooks: the payload, then an error as of any other handler.
  core.send(me, SYSTEM, 0, "one")
  skynet.send(me, "lua")
  skynet.redirect(me, me, "response", 0x7ffffff0, "two")
  skynet.yield()
  print(util.in_log "Unknown request (4): one")    -- expect: true
  print(util.in_log "Unknown request (lua): ")     -- expect: true
  print(util.in_log "Response message : two")      -- expect: true
  print(util.in_log(head .. "0 msgsz = 3] error : "))   -- expect: true
  print(util.in_log("Unknown session : 0 from " .. hex)) -- expect: true
  print(util.in_log(head .. "2147483632 msgsz = 3] error : ")) -- expect: true
  print(util.in_log("Unknown session : 2147483632 from " .. hex)) -- expect: true

  -- A request is refused, without a hook and without a word.
  print(util.try("call failed", skynet.call, me, "lua")) -- expect: raises call failed

  local function show(kind)
    return function(session, source, msg, sz, prototype)
      print(kind, session, source == me, skynet.tostring(msg, sz), prototype)
    end
  end
  local first = show "request"
  print(type(skynet.dispatch_unknown_request(first)))     -- expect: function
  print(skynet.dispatch_unknown_request(show "other") == first) -- expect: true
  print(skynet.dispatch_unknown_request(first) ~= first)  -- expect: true
  print(type(skynet.dispatch_unknown_response(show "response"))) -- expect: function
  core.send(me, SYSTEM, 0, "three")
  skynet.redirect(me, me, "response", 0x7ffffff1, "four")
  skynet.yield()
  -- expect: request 0 true three 4
  -- expect: response 2147483633 true four nil

  -- A hook that raises is an error of that message alone.
  skynet.dispatch_unknown_response(function() error "the hook fails" end)
  skynet.redirect(me, me, "response", 0x7ffffff2, "")
  skynet.yield()
  print(util.in_log "the hook fails")              -- expect: true
end)
