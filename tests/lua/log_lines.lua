-- log_lines.lua -- the exact lines of the log for failures, forgotten answers, and growth.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local util = require "support.util"
local print = util.print

util.run(function()
  local me, peer = skynet.self(), util.peer()
  local here = ("%x to :%x"):format(me, peer)
  local head = ("[:%08x] "):format(peer)
  -- The first line of the log that has the text, from the handle of the peer on.
  local function line_with(text)
    return util.wait_for(function()
      for line in util.log():gmatch "[^\n]+" do
        local at = line:find(head, 1, true)
        if at and line:find(text, 1, true) then
          return line:sub(at + #head)
        end
      end
    end, text)
  end
  local function send(code) skynet.send(peer, "lua", "eval", code) end

  -- A handler: source, session and size are those of the message; nothing colours a file.
  local payload = skynet.packstring("eval", "error 'in a handler'")
  local before = skynet.genid()
  pcall(skynet.rawcall, peer, "lua", payload)
  local line = line_with "in a handler"
  local session, size = line:match(
    "^lua call %[" .. here .. " : (%d+) msgsz = (%d+)%] error : peer:1: in a handler$")
  print(math.tointeger(session) == before + 1, math.tointeger(size) == #payload)
  -- expect: true true
  print(util.log():find "in a handler\nstack traceback:\n" ~= nil) -- expect: true
  print(util.log():find("\27", 1, true))            -- expect: nil
  payload = skynet.packstring("eval", "error 'in a send'")
  skynet.rawsend(peer, "lua", payload)
  print(line_with "in a send" == ("lua call [%s : 0 msgsz = %d] error : peer:1: in a send"):format(
    here, #payload))                                -- expect: true

  -- A fork: of the message that made it. A timer: of the timer's message, that has no source.
  payload = skynet.packstring("eval", "skynet.fork(error, 'in a fork', 0)")
  skynet.rawsend(peer, "lua", payload)
  print(line_with "in a fork" == ("lua call [%s : 0 msgsz = %d] error : in a fork"):format(here,
    #payload))                                      -- expect: true
  local timer = util.eval(peer,
    "return skynet.task(skynet.timeout(1, function() error('in a timer', 0) end))")
  print(line_with "in a timer" ==
    ("lua call [0 to :%x : %d msgsz = 0] error : in a timer"):format(peer, timer)) -- expect: true

  -- Behind a call: of the answer. Several in one dispatch are one entry.
  send "skynet.call('.launcher', 'lua', 'LIST') error('behind a call', 0)"
  local launcher = ("%x"):format(skynet.localname ".launcher")
  print(line_with "behind a call":match("^lua call %[" .. launcher .. " to :%x+ : %d+ msgsz = ")
    ~= nil)                                         -- expect: true
  send "skynet.fork(error, 'second', 0) skynet.fork(error, 'third', 0) error('first', 0)"
  line_with "error : first"
  util.wait_for(function() return util.log():find "\nsecond\n.*\nthird\n" end)
  print(util.log():find "error : second", util.log():find "error : third") -- expect: nil nil

  -- No answer: who asked, and where the dispatch function is.
  util.eval(peer, [[
    local dispatch = skynet.dispatch "lua"
    skynet.dispatch("lua", function(_, _, command, ...)
      if command then
        return dispatch(_, _, command, ...)
      end
    end)]])
  local session_of = skynet.redirect(peer, me, "lua", nil, "")
  print(line_with "Maybe forgot" == ("Maybe forgot response session %d from :%08x : %s"):format(
    session_of, me, util.eval(peer, [[
      local info = debug.getinfo(skynet.dispatch "lua", "S")
      return info.short_src .. ":" .. info.linedefined]]))) -- expect: true

  -- More than 1024 messages wait: a line, and then at each doubling, until the queue was empty.
  local function overloads()
    local list = {}
    local pattern = ("%%[:%08x%%] error: May overload, message queue length = (%%d+)\n"):format(me)
    for length in util.log():gmatch(pattern) do
      list[#list + 1] = math.tointeger(length)
    end
    return list
  end
  local count = 0
  local function flood(size)
    for _ = 1, size do
      skynet.send(me, "lua")
    end
  end
  skynet.dispatch("lua", function()
    count = count + 1
    if count == 1 then
      flood(1500)           -- with what is there, more than 2048
    end
  end)
  flood(1100)
  util.wait_for(function() return count == 2600 end)
  util.wait_for(function() return #overloads() == 2 end)
  flood(1000)
  util.wait_for(function() return count == 3600 end)
  flood(1100)
  util.wait_for(function() return count == 4700 end)
  util.wait_for(function() return #overloads() == 3 end)
  local lengths = overloads()
  local function between(length, low, high)
    return length > low and length <= high or length
  end
  print(between(lengths[1], 1024, 1105), between(lengths[2], 2048, 2605),
    between(lengths[3], 1024, 1105))                -- expect: true true true

  -- The heap: at 32 MiB, then at each doubling.
  util.eval(peer, "big = {} for i = 1, 70 do big[i] = ('x'):rep(1 << 20) end")
  local first = tonumber(line_with "Memory warning":match "^Memory warning (%d+%.%d%d) M$")
  print(first >= 32 and first < 34)                 -- expect: true
  local second = util.wait_for(function()
    return tonumber(util.log():match "Memory warning 3.-Memory warning (%d+%.%d%d) M\n")
  end)
  print(second >= 64 and second < 68)               -- expect: true
end)
