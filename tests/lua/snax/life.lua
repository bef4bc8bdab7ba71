-- life.lua -- starting, ending: init and exit, what fails in them, messages before and after.
-- threads: 1 2 8
-- cfg: snax = "$DIR/support/?.lua"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet.manager"
local snax = require "skynet.snax"
local util = require "support.util"
local print, show, try = util.print, util.show, util.try

local told = {}
skynet.dispatch("lua", function(_, _, ...) told[#told + 1] = show(...) end)

local function services()
  local n = 0
  for _, text in pairs(skynet.call(".launcher", "lua", "LIST")) do
    n = n + (text:find "snaxd" and 1 or 0)
  end
  return n
end

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
  -- A service whose init fails is stopped; the caller gets the failure, the log the reason.
  for _, how in ipairs { "fail", "fail late", "exits", "returns a function" } do
    print(try("call failed", snax.newservice, "full", how))
  end
  -- expect: raises call failed
  -- expect: raises call failed
  -- expect: raises call failed
  -- expect: raises call failed
  print(try("call failed", snax.rawnewservice, "full", "fail"))       -- expect: raises call failed
  print(try("init fails", snax.uniqueservice, "full", "fail") == "nothing", services())
  -- expect: false 0
  print(util.in_log "init fails", util.in_log "init fails late")      -- expect: true true

  -- Before init has returned: only hotfix and profile are there. Init is done once.
  local class = snax.interface "full"
  local raw = skynet.newservice("snaxd", "full")
  print(try("call failed", skynet.call, raw, "snax", class.response.echo, 1))
  -- expect: raises call failed
  print(try("call failed", snax.kill, snax.bind(raw, "full")))        -- expect: raises call failed
  print(util.in_log "Init first", util.in_log "Never init")           -- expect: true true
  print(next(snax.profile_info(snax.bind(raw, "full"))))              -- expect: nil
  print(snax.hotfix(snax.bind(raw, "full"), "function hotfix(a) return a end", "early"))
  -- expect: early
  local start = later(skynet.call, raw, "snax", class.system.init, "slow")
  print(try("call failed", skynet.call, raw, "snax", class.system.init))
  -- expect: raises call failed
  print(util.in_log "Already init")                                   -- expect: true
  print(try("call failed", skynet.call, raw, "snax", class.response.echo, 1), start.result)
  -- expect: raises call failed nil
  print(snax.hotfix(snax.bind(raw, "full"), [[
    function hotfix() return require "skynet".wakeup "go on" end]]))  -- expect: true
  print(result(start))                                                -- expect: "init's result"
  print(skynet.call(raw, "snax", class.response.given))               -- expect: slow
  print(try("call failed", skynet.call, raw, "snax", class.system.init))
  -- expect: raises call failed
  print(show(snax.kill(snax.bind(raw, "full"))))                      -- expect: nothing

  local a = snax.newservice("full", "calls itself")
  print(a.req.given(), show(snax.kill(a)))  -- expect: raises call failed nothing

  -- kill: exit gets the values, open requests fail, later ones too.
  a = snax.newservice "full"
  local open = later(a.req.wait, "for ever")
  print(show(snax.kill(a, "tell", skynet.self(), "good", nil, "bye")))    -- expect: nothing
  print(result(open))                                                 -- expect: raises call failed
  print(util.wait_for(function() return told[1] end))  -- expect: "exiting" "good" nil "bye"
  util.wait_for(function() return util.is_gone(a.handle) end)
  print(try("call to invalid address", a.req.echo, 1))  -- expect: raises call to invalid address
  print(try("call to invalid address", snax.kill, a))  -- expect: raises call to invalid address
  print(try("no bound handle", snax.req, a.handle, "echo"))  -- expect: raises no bound handle

  -- While exit waits the service goes on; a second kill is refused.
  local b = snax.newservice "full"
  local kill = later(snax.kill, b, "slow")
  print(b.req.echo "still there", try("call failed", snax.kill, b))
  -- expect: still there raises call failed
  print(util.in_log "Already exiting")                                -- expect: true
  b.post.wakeup "exit"
  print(result(kill), util.wait_for(function() return util.is_gone(b.handle) end))
  -- expect: nothing true

  -- An exit that fails: the service lives, and can be killed again.
  local c = snax.newservice "full"
  print(try("call failed", snax.kill, c, "fail"), c.req.echo "lives")
  -- expect: raises call failed lives
  print(util.in_log "exit fails", show(snax.kill(c)))                 -- expect: true nothing

  -- By itself: the handler does not go on.
  local d = snax.newservice "full"
  print(try("call failed", d.req.quit, "tell", skynet.self(), "quit"))
  -- expect: raises call failed
  print(util.wait_for(function() return told[2] end))                 -- expect: "exiting" "quit"

  -- Killed from outside while init runs: the service, then only the coroutine of init.
  local function waiting_in_init()
    for addr, text in pairs(skynet.call(".launcher", "lua", "LIST")) do
      local _, stack = next(text == "snlua snaxd full" and skynet.call(addr, "debug", "TASK") or {})
      if stack and stack:find "full.lua" then
        return tonumber(addr:sub(2), 16)
      end
    end
  end
  local function stop_init(stop)
    local init = later(snax.newservice, "full", "slow")
    local handle = util.wait_for(waiting_in_init)
    stop(handle)
    return result(init), util.wait_for(function() return util.is_gone(handle) end)
  end
  util.wait_for(function() return services() == 0 end)
  print(stop_init(skynet.kill))  -- expect: raises call failed true
  print(stop_init(function(handle)
    skynet.call(handle, "debug", "KILLTASK", "thread")
  end))  -- expect: raises call failed true
end)
