--- skynet.request: several calls at once, answered in any order.
--
-- local set = skynet.request { addr, "lua", ... } { addr2, "lua", ... }
-- for req, resp in set:select(timeout) do ... end
-- `resp` is the packed answer, false (failed), or nil (there is no such service).
-- The sessions and answers are in C (skynet.select.core); here is the list of requests.
local skynet = require "skynet"
local new_core = require "skynet.select.core"

local methods = {}
local mt = { __name = "skynet.request", __index = methods }

function methods:add(request)
  assert(type(request) == "table" and not self._core, "assertion failed!")
  self[#self + 1] = request
  return self
end

mt.__call = methods.add

--- Sends all requests; the indices of those that have no receiver.
local function send_all(self)
  local unsent = {}
  for i, request in ipairs(self) do
    local sent = self._core:send(i, request[1], request[2],
      table.unpack(request, 3, request.n or #request))
    if not sent then
      unsent[#unsent + 1] = i
    end
  end
  return unsent
end

local function check_protocols(self)
  for _, request in ipairs(self) do
    if not skynet._proto[request[2]] then
      error(("unknown protocol %s"):format(tostring(request[2])), 3)
    end
  end
end

local function deliver(self, index, ok, ...)
  if not index then
    if self._core:timed_out() then
      self.timeout = true
    end
    self:close()
    return nil
  end
  if ok then
    return self[index], table.pack(...)
  end
  return self[index], false
end

local function next_answer(self)
  local unsent = self._unsent
  if unsent and #unsent > 0 then
    return self[table.remove(unsent)], nil
  end
  return deliver(self, self._core:next())
end

function methods:select(timeout)
  assert(not self._core, "assertion failed!")
  check_protocols(self)
  self._core = new_core()
  if timeout then
    self._core:arm(timeout)
  end
  self._unsent = send_all(self)
  return function()
    return next_answer(self)
  end, nil, nil, self
end

function methods:close()
  if self._core then
    if self._core:timed_out() then
      self.timeout = true
    end
    self._core:close()
  end
end

mt.__close = methods.close

return function(first)
  local set = setmetatable({}, mt)
  if first ~= nil then
    set:add(first)
  end
  return set
end
