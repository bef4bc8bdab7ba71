--- Critical sections and first-in-first-out queues between the coroutines of a service.
--
-- local cs = queue()          cs(f, ...) runs f when nobody else is inside
-- local q = queue.create()    q:push(data), q:pop(timeout); also usable as a critical section
local skynet = require "skynet"

local section = {}  -- methods of a section's state

local function new_section()
  return setmetatable({ owner = nil, depth = 0, waiting = {}, first = 1, last = 0 },
    { __index = section })
end

function section:enter()
  local co = coroutine.running()
  if self.owner == co then
    self.depth = self.depth + 1
    return
  end
  if self.owner then
    local ticket = { co = co }
    self.last = self.last + 1
    self.waiting[self.last] = ticket
    local guard <close> = setmetatable({}, { __close = function()
      if not ticket.is_served then
        ticket.is_gone = true
      end
    end })
    repeat
      skynet.wait(ticket)
    until ticket.is_served
    return
  end
  self.owner, self.depth = co, 1
end

function section:leave()
  self.depth = self.depth - 1
  if self.depth > 0 then
    return
  end
  self.owner = nil
  while self.first <= self.last do
    local ticket = self.waiting[self.first]
    self.waiting[self.first] = nil
    self.first = self.first + 1
    if not ticket.is_gone then
      ticket.is_served = true
      self.owner, self.depth = ticket.co, 1
      skynet.wakeup(ticket)
      return
    end
  end
end

local function describe(err)
  if type(err) == "string" or type(err) == "number" or err == nil then
    return debug.traceback(err ~= nil and tostring(err) or nil, 2)
  end
  return err
end

local function run(self, f, ...)
  self:enter()
  -- Runs at the end of the call, whether it returns, fails or is killed.
  local guard <close> = setmetatable({}, { __close = function()
    self:leave()
  end })
  local results = table.pack(xpcall(f, describe, ...))
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

local function new_queue()
  local self = new_section()
  return function(f, ...)
    return run(self, f, ...)
  end
end

-- ---- queues of data ----

local fifo = {}
local fifo_mt = { __name = "skynet.queue", __index = fifo, __call = function(q, f, ...)
  return run(q._section, f, ...)
end }

local function create()
  return setmetatable({ _section = new_section(), _items = {}, _first = 1, _last = 0,
    _poppers = {} }, fifo_mt)
end

function fifo:push(data)
  if data == nil then
    error("bad argument #2 to 'push' (value expected)", 2)
  end
  self._last = self._last + 1
  self._items[self._last] = data
  local popper = table.remove(self._poppers, 1)
  if popper then
    popper.is_served = true
    skynet.wakeup(popper)
  end
  return self._last - self._first + 1
end

local function take(q)
  if q._first > q._last then
    return nil
  end
  local data = q._items[q._first]
  q._items[q._first] = nil
  q._first = q._first + 1
  return data
end

local function forget(q, popper)
  for i, other in ipairs(q._poppers) do
    if other == popper then
      table.remove(q._poppers, i)
      return
    end
  end
end

function fifo:pop(timeout)
  local deadline = timeout and skynet.now() + timeout
  while self._first > self._last do
    local left = deadline and deadline - skynet.now()
    if left and left <= 0 then
      return nil, "timeout"
    end
    local popper = {}
    table.insert(self._poppers, popper)
    local guard <close> = setmetatable({}, { __close = function()
      forget(self, popper)
    end })
    if left then
      skynet.sleep(left, popper)
    else
      skynet.wait(popper)
    end
  end
  return take(self)
end

skynet.queue = new_queue

return setmetatable({
  create = create,
  push = fifo.push,
  pop = fifo.pop,
}, { __call = function()
  return new_queue()
end })
