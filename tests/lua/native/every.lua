-- every.lua -- a service written against skein.h: messages, calls, timers, names, threads, its end.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local native = require "support.native"
local util = require "support.util"
local print = util.print

util.run(function()
  local told = native.init()
  local self = skynet.address(skynet.self())
  skynet.register ".me"
  local ask, handle = native.launch "a b"

  -- Answers, at once and later; what it does not handle.
  print(ask "echo some text")                       -- expect: some text
  print(util.show(ask "echo"))                      -- expect: ""
  print(ask "later 0 at once")                      -- expect:  at once
  print(ask "later 20 in a while")                  -- expect:  in a while
  local start = skynet.now()
  ask "later 50"
  print(skynet.now() - start >= 4)                  -- expect: true
  print(util.try("call failed", ask, "nonsense"))   -- expect: raises call failed
  print(util.try("call failed", skynet.call, handle, "lua", "x")) -- expect: raises call failed
  skynet.send(handle, "text", "nonsense")
  print(ask "clock")                                -- expect: sane
  print(ask "send told")          -- expect: -10001 -10005 -10005 -10004 0 -10001 0
  print(table.remove(told))                         -- expect: told

  -- Requests of its own.
  print(ask("call %s 0 hello", self))               -- expect: answer: you said hello
  print(ask("call %s 60000 hello", self))           -- expect: answer: you said hello
  print(ask("call %s 0 raise", self))               -- expect: the call failed
  print(ask("call %s 10 silence", self))            -- expect: deadline exceeded
  print(ask "call :7fffff 0 x")                     -- expect: -10001 no such service
  local _, other = native.launch()
  local box = {}
  for i = 1, 3 do
    skynet.fork(function() box[i] = ask("call %s 0 later 1000000", skynet.address(other)) end)
  end
  skynet.fork(function() box[4] = util.try("call failed", ask, "later 1000000") end)
  -- Behind the requests, on the same ways: when it is answered they have arrived.
  print(ask("call %s 0 echo ?", skynet.address(other)))  -- expect: answer: ?
  print(ask("kill %s", skynet.address(other)))      -- expect: 0 ok
  util.wait_for(function() return box[1] and box[2] and box[3] end)
  print(box[1], box[2], box[3], box[4])
  -- expect: the call failed the call failed the call failed nil
  print(ask("kill %s", skynet.address(other)))      -- expect: -10001 no such service
  print(ask "kill :0")                              -- expect: -10001 no such service

  -- Names, environment, launching, statistics.
  print(ask "name every")                           -- expect: 0 ok
  print(ask "name every")                           -- expect: -10003 already exists
  print(ask "find .every" == "0 " .. skynet.address(handle))  -- expect: true
  print(ask "find .nobody")                         -- expect: -10002 :00000000
  print(ask "find every")                           -- expect: -10002 :00000000
  print(ask "find :1f")                             -- expect: 0 :0000001f
  print(ask "env luaservice" ~= "(none)", ask "env nothing")  -- expect: true (none)
  print(ask "setenv fresh", ask "setenv fresh")     -- expect: 0 ok -10003 already exists
  print(skynet.getenv "fresh")                      -- expect: set
  local code, address = ask "launch every":match "^(%S+) (%S+)$"
  print(code, skynet.call(address, "text", "echo it lives"))  -- expect: 0 it lives
  print(ask "launch every refuse")                  -- expect: -10010 :00000000
  print(ask "launch nothing_at_all")                -- expect: -10001 :00000000
  print(ask "stats")                                -- expect: 0 many sane 12345
  print(ask "stats :7fffff")                        -- expect: -10001 none sane 0

  -- Another thread; the log.
  print(ask "thread")                               -- expect: -10001
  print(util.in_log "warn: from a thread")          -- expect: true
  print(ask "log line")                             -- expect: no debug
  print(util.in_log "error: line 3")                -- expect: true
  local log = util.log()
  print(log:find "line 0", log:find "line 4", log:find "] info: line 1" ~= nil,
    log:find "] warn: line 2" ~= nil)               -- expect: nil nil true true
  print(log:find "a cancelled timer came")          -- expect: nil

  -- Its end: its own calls fail, what it owes is answered, and its stop may still send.
  local told_count = #told
  skynet.fork(function() box[5] = ask("call %s 0 silence", self) end)
  util.wait_for(function() return #told > told_count end)
  ask "exit .me"
  util.wait_for(function() return box[4] and box[5] and told[#told] == "stopped" end)
  print(box[4], "/", box[5])                        -- expect: raises call failed / closed
end)
