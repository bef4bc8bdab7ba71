-- trace_events.lua -- each event of a traced coroutine, its positions, and where tags go.
-- threads: 1 2 8
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local util = require "support.util"
local print = util.print

--- The events of a tag in the log, by the service that logged them; waits until `last` is there.
local function events(tag, handle, last)
  local wanted = ("[:%08x] <TRACE %s> "):format(handle, tag)
  local list
  util.wait_for(function()
    list = {}
    for line in util.log():gmatch "[^\n]+" do
      local at, stop = line:find(wanted, 1, true)
      if at then
        list[#list + 1] = line:sub(stop + 1):match "^%d+ (.*)$"
      end
    end
    return list[#list] == last
  end, ("%s in %s"):format(last, table.concat(list or {}, "; ")))
  return list
end

--- The same without positions, as one text.
local function names(...)
  local list = events(...)
  for i, event in ipairs(list) do
    list[i] = event:match "^(%l+) : [@=]" or event
  end
  return table.concat(list, ", ")
end

local function lines_of(event)
  local lines = {}
  for source, line in event:gmatch " @(%S+):(%d+)" do
    assert(source:match "trace_events.lua$", source)
    lines[#lines + 1] = tonumber(line)
  end
  return lines
end

local function line_here() return debug.getinfo(2, "l").currentline end

local function traced(f)
  local tag
  skynet.fork(function()
    skynet.trace()
    tag = skynet.tracetag()
    f()
  end)
  return util.wait_for(function() return tag end)
end

util.run(function()
  local me = skynet.self()
  local a, b, c = util.peer(), util.peer(), util.peer()

  -- A tag: the own handle, and a counter from 1 on. A new one replaces it; the event has the text,
  -- and the old tag is in the log.
  local first, second
  skynet.fork(function()
    print(util.show(skynet.tracetag()))             -- expect: nil
    print(util.show(skynet.trace()))                -- expect: nothing
    first = skynet.tracetag()
    skynet.trace "again"
    second = skynet.tracetag()
  end)
  util.wait_for(function() return second end)
  print(first == (":%08x-1"):format(me), second == (":%08x-2"):format(me)) -- expect: true true
  print(names(second, me, "end"))                   -- expect: trace again, end
  print(names(first, me, "trace"))                  -- expect: trace
  print(util.in_log(("[:%08x] TRACE nil\n"):format(me)))         -- expect: true
  print(util.in_log(("[:%08x] TRACE %s\n"):format(me, first)))   -- expect: true

  -- A chain of calls has one tag; forks and sends have none.
  util.eval(b, "seen = {}")
  local chain = [[
    local next, last = ...
    return skynet.tracetag(), skynet.call(next, "lua", "eval", [=[
      local last = ...
      skynet.send(last, "lua", "eval", "sent = tostring(skynet.tracetag())")
      skynet.fork(function() forked = tostring(skynet.tracetag()) end)
      return skynet.tracetag(), skynet.call(last, "lua", "eval", "return skynet.tracetag()")
    ]=], last)]]
  local tag
  local box = {}
  skynet.fork(function()
    skynet.trace "chain"
    tag = skynet.tracetag()
    box.tags = table.pack(util.eval(a, chain, b, c))
  end)
  util.wait_for(function() return box.tags end)
  print(box.tags.n, box.tags[1] == tag, box.tags[2] == tag, box.tags[3] == tag)
  -- expect: 3 true true true
  print(util.eval(c, "return sent"), util.eval(b, "return forked"))
  -- expect: nil nil
  print(names(tag, me, "end"))                      -- expect: trace chain, call, resume, end
  print(names(tag, a, "end"))         -- expect: request, call, resume, response, end
  print(names(tag, b, "end"))         -- expect: request, call, resume, response, end
  print(names(tag, c, "end"))                       -- expect: request, response, end

  -- The kinds of waiting; an answer by a closure is no event.
  tag = traced(function()
    skynet.sleep(0.1)
    skynet.yield()
    skynet.wait "token"
    skynet.rawcall(c, "lua", skynet.packstring("eval", "skynet.response()(true, 1)"))
    for _ in skynet.request { a, "lua", "eval", "" } { b, "lua", "eval", "" }:select() do
      box.answered = true
    end
  end)
  util.wait_for(function() return skynet.wakeup "token" end)
  local text = names(tag, me, "end")
  print((text:gsub(", call, call.*", "")))
  -- expect: trace, sleep, resume, sleep, resume, sleep, resume, call, resume
  print(text:match ", call, call, .*resume, end$" ~= nil)  -- expect: true
  print(names(tag, c, "end"))                       -- expect: request, end

  -- An error: of a request that is open, and of one that is answered.
  tag = traced(function()
    pcall(util.eval, a, "error 'open'")
    util.eval(a, "skynet.retpack() error 'answered'")
    pcall(util.eval, a, "error 'once more'")
  end)
  print(names(tag, me, "end")) -- expect: trace, call, resume, call, resume, call, resume, end
  print(names(tag, a, "error"))     -- expect: request, error, request, response, request, error

  -- Positions: the Lua functions, innermost first, three at most.
  local at = {}
  local function inner()
    at[1] = line_here() + 1
    skynet.sleep(0)
    at.after = true
  end
  local function middle()
    at[2] = line_here() + 1
    inner()
    at.after = true
  end
  local function outer()
    at[3] = line_here() + 1
    middle()
    at.after = true
  end
  tag = traced(function()
    skynet.yield() at.one = line_here()
    outer()
    at.after = true
  end)
  local list = events(tag, me, "end")
  print(#list, #lines_of(list[2]), #lines_of(list[4])) -- expect: 6 2 3
  print(lines_of(list[2])[1] == at.one)             -- expect: true
  local lines = lines_of(list[4])
  print(lines[1] == at[1], lines[2] == at[2], lines[3] == at[3]) -- expect: true true true
end)
