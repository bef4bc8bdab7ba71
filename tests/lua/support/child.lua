-- child.lua -- a child that tells its recorder when it starts and when it is asked to stop.
-- helper: for the tests of supervisors
--
-- Arguments: the recorder's handle, a name, and how it behaves: "" or some of these words joined
-- by "+".
local skynet = require "skynet"
local skein = require "skein"
local recorder, name, how = ...
recorder = tonumber(recorder)
how = how or ""

local function is(word)
  return ("+" .. how .. "+"):find("+" .. word .. "+", 1, true) ~= nil
end

local function tell(what)
  skynet.call(recorder, "lua", "record", what .. " " .. name)
end

local command = {}

function command.exit(reason)
  skein.exit(reason)
end

function command.ask()
  return name
end

if not is "plain" then
  skein.on_shutdown(function(reason)
    assert(reason == "shutdown")
    tell "stop"
    if is "lingers" then
      skynet.wait()
    end
  end)
end

skynet.dispatch("lua", function(session, _, word, ...)
  local result = command[word](...)
  if session ~= 0 then
    skynet.retpack(result)
  end
end)

skynet.start(function()
  tell "start"
  if is "hangs" then
    skynet.wait()
  elseif is "fails" or (is "once" and skynet.call(recorder, "lua", "is_again", name)) then
    error("no luck", 0)
  elseif is "ends" then
    skynet.exit()
  end
end)
