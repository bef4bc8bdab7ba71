--- Starts services from lines of standard input: "name arg..." or "snax name arg...".
--
-- What fails is in the log. Ends quietly with the input.
local skynet = require "skynet"
local socket = require "skynet.socket"
local reader = require "skein.console.reader"

local function start(first, ...)
  if first == "snax" then
    return require "skynet.snax".newservice(...)
  end
  return skynet.newservice(first, ...)
end

local function run(line)
  local words = reader.words(line)
  if #words == 0 then
    return
  end
  local ok, err = pcall(start, table.unpack(words))
  if not ok then
    skynet.error(("console: %s: %s"):format(line, err))
  end
end

--- Lines of a terminal or a pipe.
local function read_socket(input)
  while true do
    local line, rest = socket.readline(input)
    if not line then
      run(rest or "")
      return
    end
    run(line)
  end
end

skynet.start(function()
  skynet.fork(function()
    local input = socket.stdin()
    if input then
      read_socket(input)
      socket.close(input)
    else  -- a file or /dev/null: reading it never waits
      for line in io.stdin:lines() do
        run(line)
      end
    end
    skynet.exit()
  end)
end)
