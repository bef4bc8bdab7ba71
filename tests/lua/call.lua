-- call.lua -- call, send, ret, context, ignoreret, redirect, raw forms: values, failures, refusals.
-- threads: 1 2 8
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

local HANDLER = {}

function HANDLER.echo(_, _, ...) skynet.retpack(...) end

function HANDLER.context(session, source)
  local s, from = skynet.context()
  local before = s == session and from == source
  local in_fork
  skynet.fork(function() in_fork = util.show(skynet.context()) end)
  skynet.yield()
  local after_yield = select(2, skynet.context()) == source
  skynet.retpack(before, after_yield, in_fork)
  s, from = skynet.context()
  HANDLER.after_ret = util.show(s, from == source)
end

function HANDLER.twice()
  local first = skynet.retpack "first"
  HANDLER.second = tostring(first) .. " " .. util.try("No session", skynet.retpack, "second")
end

function HANDLER.send_ret()
  HANDLER.of_send = util.show((skynet.context()), skynet.retpack(1, 2))
end

function HANDLER.pass(session, source, target)
  skynet.ignoreret()
  HANDLER.ignored = util.show((skynet.context())) .. " " .. util.try("No session", skynet.ret)
  skynet.redirect(target, source, "lua", session, skynet.pack("eval", "return 'passed on'"))
end

function HANDLER.answer_for(session, source)
  skynet.ignoreret()
  skynet.redirect(source, skynet.self(), "response", session, skynet.pack("by", "redirect"))
end

function HANDLER.raw() skynet.ret(skynet.pack("raw", nil, 3)) end
function HANDLER.empty() skynet.ret() end
function HANDLER.text() skynet.ret(skynet.packstring "text") end

skynet.dispatch("lua", function(session, source, name, ...)
  HANDLER[name](session, source, ...)
end)

util.run(function()
  local me, peer = skynet.self(), util.peer()
  local function call(...) return util.show(skynet.call(me, "lua", ...)) end

  print(call("echo"))                               -- expect: nothing
  print(call("echo", nil, false, 0, "", nil))       -- expect: nil false 0 "" nil
  print(call("context"))                            -- expect: true true "nil nil"
  print(HANDLER.after_ret)                          -- expect: nil true
  print(call("twice"))                              -- expect: "first"
  print(HANDLER.second)                             -- expect: true raises No session
  print(call("pass", peer))                         -- expect: "passed on"
  print(HANDLER.ignored)                            -- expect: nil raises No session
  print(call("answer_for"))                         -- expect: "by" "redirect"
  print(call("raw"), call("empty"), call("text"))   -- expect: "raw" nil 3 nothing "text"
  print(util.try("No session", skynet.ret))         -- expect: raises No session
  print(util.show(skynet.context()))                -- expect: nil nil

  print(util.show(skynet.send(me, "lua", "send_ret")))  -- expect: 0
  util.wait_for(function() return HANDLER.of_send end)
  print(HANDLER.of_send)                            -- expect: 0 false

  -- Addresses.
  local dead = 0xfffff0
  print(util.show(skynet.send(dead, "lua", 1)))     -- expect: nothing
  local function try(text, ...) return util.try(text, skynet.call, ...) end
  print(try("call to invalid address", dead, "lua"))  -- expect: raises call to invalid address
  print(try("call to invalid address", ".nobody", "lua")) -- expect: raises call to invalid address
  print(try("Invalid service address 0", 0, "lua"))   -- expect: raises Invalid service address 0
  print(try("dest address type (table)", {}, "lua"))  -- expect: raises dest address type (table)
  print(try("dest address type (nil)", nil, "lua"))   -- expect: raises dest address type (nil)
  print(try("nosuch", me, "nosuch"))                  -- expect: raises nosuch
  print(try("Unsupport type function", me, "lua", print)) -- expect: raises Unsupport type function
  local hex = skynet.address(me)
  print(util.show(skynet.call(hex, "lua", "echo", "hex"))) -- expect: "hex"
  print(util.task_count())                              -- expect: 0

  -- Raw forms.
  local msg, sz = skynet.rawcall(me, "lua", skynet.pack("echo", "raw", 1))
  print(util.show(skynet.unpack(msg, sz)))          -- expect: "raw" 1
  msg, sz = skynet.rawcall(me, "lua", skynet.packstring("echo", "text"))
  print(util.show(skynet.unpack(msg, sz)))          -- expect: "text"
  print(util.try("call to invalid address", skynet.rawcall, dead, "lua", "x"))
  -- expect: raises call to invalid address
  print(util.show(skynet.rawsend(dead, "lua", skynet.pack(1)))) -- expect: nothing
  print(util.show(skynet.redirect(dead, 0, "lua", 0, skynet.pack(1)))) -- expect: nothing

  -- Messages keep their order; a blocked handler lets later ones overtake it.
  for i = 1, 100 do
    skynet.send(peer, "lua", "eval", "order = (order or '') .. (...) .. ' '", i)
  end
  local order = util.eval(peer, "return order")
  local wanted = {}
  for i = 1, 100 do wanted[i] = i .. " " end
  print(order == table.concat(wanted))              -- expect: true
  local slow = util.eval_later(peer, "skynet.wait 'go'; return 'slow'")
  skynet.yield()
  print(util.eval(peer, "return 'fast'"), slow.result) -- expect: fast nil
  print(util.eval(peer, "return skynet.wakeup 'go'"))  -- expect: true
  util.wait_for(function() return slow.result end)
  print(slow.result)                                -- expect: "slow"

  -- A handler that forgets its answer says so.
  util.eval(peer, "skynet.dispatch('lua', function() end)")
  skynet.fork(function() skynet.call(peer, "lua", "forgotten") end)
  skynet.yield()
  print(util.task_count())                              -- expect: 1
end)
-- expect-log: Maybe forgot response session
-- expect-log:  : peer:1
