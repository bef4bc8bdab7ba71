-- memory.lua -- stands in for the module skynet.memory in a build without it; otherwise unused.
local M = {}
local is_active = false

function M.total() return 5242880 end
function M.block() return 12 end
function M.info() return { [8] = 1024, [10] = 2048 } end
function M.current() return 1024 end
function M.jestat() return { ["stats.allocated"] = 1048576, ["stats.mapped"] = 3145728 } end
function M.dumpheap() end
function M.dumpinfo() end
function M.dump() end

function M.profactive(flag)
  if flag ~= nil then
    is_active = flag
  end
  return is_active
end

return M
