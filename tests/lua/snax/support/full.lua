--- A snax service with a bit of everything; its methods say what they were given.
local skynet = require "skynet"
local snax = require "skynet.snax"
local part = require "support.util"

local given = { n = 0 }
local count = 0
full_global = "a global"

local function double(v)
  return 2 * v
end

function init(how, ...)
  given = table.pack(how, ...)
  if how == "fail" then
    error "init fails"
  elseif how == "fail late" then
    skynet.sleep(1)
    error "init fails late"
  elseif how == "returns a function" then
    return print
  elseif how == "slow" then
    skynet.wait "go on"
  elseif how == "exits" then
    snax.exit()
  elseif how == "calls itself" then
    given[1] = part.try("call failed", snax.self().req.echo, 1)
  elseif how == "cluster" then
    snax.enablecluster()
  end
  return "init's result"
end

function exit(how, to, ...)
  if how == "fail" then
    error "exit fails"
  elseif how == "slow" then
    skynet.wait "exit"
  elseif how == "tell" then
    skynet.send(to, "lua", "exiting", ...)
  end
  return print  -- nobody gets it
end

function response.echo(...)
  return ...
end

function response.given()
  return table.unpack(given, 1, given.n)
end

function response.add(n)
  count = count + n
  return count
end

function accept.add(n)
  count = count + n
end

function response.double(v)
  return double(v), _G.full_global
end

function response.fail(what)
  error(what)
end

function accept.fail(what)
  error(what)
end

function response.wait(token)
  skynet.wait(token)
  return "woken"
end

function accept.wakeup(token)
  skynet.wakeup(token)
end

function response.burn(seconds, pause)
  local last = skynet.hpc() + seconds * 1e9
  while skynet.hpc() < last do
    count = count + 0
  end
  if pause then
    skynet.sleep(pause)
  end
end

function response.who()
  local me = snax.self()
  return me.handle, me.type, tostring(me), SERVICE_NAME, SERVICE_PATH, accept == nil,
    response == nil
end

function response.quit(...)
  snax.exit(...)
  return "never"
end

function response.nest(n)
  if n == 0 then
    return "bottom"
  end
  return snax.self().req.nest(n - 1), n
end

function response.log(...)
  return snax.printf(...)
end

function response.skynet(name, ...)
  return skynet[name](...)
end
