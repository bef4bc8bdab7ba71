--- Starts services from lines of standard input: "name arg..." or "snax name arg...".
--
-- What fails is in the log. Ends quietly with the input.
local skynet = require "skynet"
local socket = require "skynet.socket"

local function split(line)
  local words = {}
  for word in line:gmatch "%S+" do
    words[#words + 1] = word
  end
  return words
end

local function run(line)
  local words = split(line)
  if #words == 0 then
    return
  elseif words[1] == "snax" then
    pcall(require "skynet.snax".newservice, table.unpack(words, 2))
  else
    pcall(skynet.newservice, table.unpack(words))
  end
end

skynet.start(function()
  skynet.fork(function()
    local input = socket.stdin and socket.stdin()
    while true do
      local line, rest = socket.readline(input)
      if not line then
        run(rest or "")
        break
      end
      run(line)
    end
    socket.close(input)
    skynet.exit()
  end)
end)
