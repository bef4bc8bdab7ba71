--- skein.waits(): who this service waits for, since when, and where in its code.
local core = require "skynet.core"
local traceback = require "skynet.task".traceback

local LISTED = { call = true, request = true, sleep = true, wait = true, socket = true,
  timeout = true }

return function()
  local list = {}
  for _, task in ipairs(core.tasks()) do
    if LISTED[task.kind] then
      list[#list + 1] = {
        session = task.session,
        kind = task.kind,
        callee = task.callee ~= 0 and task.callee or nil,
        since = task.since,
        stack = traceback(task),
      }
    end
  end
  return list
end
