--- skein.waits(): who this service waits for, since when, and where in its code.
local core = require "skynet.core"

return function()
  local list = {}
  for _, task in ipairs(core.tasks()) do
    if task.kind ~= "fork" then
      list[#list + 1] = {
        session = task.session,
        kind = task.kind,
        callee = task.callee ~= 0 and task.callee or nil,
        since = task.since,
        stack = debug.traceback(task.thread),
      }
    end
  end
  return list
end
