--- dbg CMD ARG...: one command for the launcher; prints its answer on standard output and exits.
local skynet = require "skynet"

local command = table.pack(...)

local function text_of(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local words = {}
  for key, v in pairs(value) do
    words[#words + 1] = ("%s:%s"):format(key, v)
  end
  table.sort(words)
  return table.concat(words, "\t")
end

local function print_answer(answer)
  if type(answer) ~= "table" then
    return print(text_of(answer))
  end
  local lines = {}
  for key, value in pairs(answer) do
    lines[#lines + 1] = ("%s\t%s"):format(key, text_of(value))
  end
  table.sort(lines)
  print(table.concat(lines, "\n"))
end

skynet.start(function()
  if command.n == 0 then
    print "dbg: a command of the launcher expected, such as LIST or MEM"
  else
    print_answer(skynet.call(".launcher", "lua", table.unpack(command, 1, command.n)))
  end
  io.stdout:flush()
  skynet.exit()
end)
