--- Prints the memory statistics of the process on standard output and exits.
local skynet = require "skynet"
local memory = require "skynet.memory"

local function print_sorted(title, map, show)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    print(title, show(key), map[key])
  end
end

skynet.start(function()
  print_sorted("service", memory.info(), skynet.address)
  print_sorted("allocator", memory.jestat(), tostring)
  print("total", memory.total())
  print("block", memory.block())
  io.stdout:flush()
  skynet.exit()
end)
