--- A service that blocks, and exits, in the ways it is told. Its closed variables report.
local skynet = require "skynet"
local parent = tonumber((...))

local function report(text)
  skynet.send(parent, "lua", text)
end

local blocks = {}
function blocks.call() skynet.call(parent, "lua", "never answered") end
function blocks.sleep() skynet.sleep(1e6) end
function blocks.wait() skynet.wait() end
function blocks.response() skynet.response() skynet.wait() end
function blocks.select()
  for _ in skynet.request { parent, "lua", "never answered" }:select() do
    report "an answer"
  end
end
function blocks.queue()
  local cs = require "skynet.queue"()
  skynet.fork(cs, skynet.wait)
  skynet.yield()
  cs(report, "inside")
end

local exits = {}
function exits.exit()
  skynet.fork(report, "forked before exit")
  skynet.exit()
end
function exits.pcall_exit()
  pcall(skynet.exit)
  report "survived"
end
function exits.fork_exit()
  skynet.fork(skynet.exit)
  skynet.fork(report, "forked behind exit")
  skynet.wait()
end
function exits.timeout_exit()
  skynet.timeout(0, skynet.exit)
  skynet.wait()
end
function exits.queue_exit()
  require "skynet.queue"()(skynet.exit)
end
function exits.coroutine_exit()
  require "skynet.coroutine".wrap(skynet.exit)()
end

skynet.dispatch("lua", function(_, _, name)
  local _ <close> = setmetatable({}, { __close = function()
    report("closed " .. name)
  end })
  local f = blocks[name] or exits[name]
  f()
end)

skynet.start(function() end)
