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

--- Waits for the ticket's turn. If the coroutine is killed meanwhile, it gives its place up.
function section:wait_for(ticket)
  local is_in = false
  local _ <close> = setmetatable({}, { __close = function()
    if is_in then
      return
    end
    ticket.is_gone = true
    if ticket.is_served then
      self:leave()
    end
  end })
  repeat
    skynet.wait(ticket)
  until ticket.is_served
  is_in = true
end

function section:enter()
  local co = coroutine.running()
  if self.owner == co then
    self.depth = self.depth + 1
  elseif self.owner then
    local ticket = { co = co }
    self.last = self.last + 1
    self.waiting[self.last] = ticket
    self:wait_for(ticket)
  else
    self.owner, self.depth = co, 1
  end
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
  local _ <close> = setmetatable({}, { __close = function()
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
    _poppers = {}, _handed = 0 }, fifo_mt)
end

--- Gives an item to the longest waiting popper; false when nobody waits.
local function hand_over(q, data)
  local popper = table.remove(q._poppers, 1)
  if not popper then
    return false
  end
  popper.data = data
  q._handed = q._handed + 1
  skynet.wakeup(popper)
  return true
end

function fifo:push(data)
  if data == nil then
    error("bad argument #2 to 'push' (value expected)", 2)
  end
  if not hand_over(self, data) then
    self._last = self._last + 1
    self._items[self._last] = data
  end
  return self._last - self._first + 1 + self._handed
end

local function take(q)
  local data = q._items[q._first]
  q._items[q._first] = nil
  q._first = q._first + 1
  return data
end

--- A popper that was killed or waited in vain: its place, or its item, goes to the others.
local function give_up(q, popper)
  if popper.data ~= nil then
    local data = popper.data
    q._handed = q._handed - 1
    if not hand_over(q, data) then
      q._first = q._first - 1
      q._items[q._first] = data
    end
    return
  end
  for i, other in ipairs(q._poppers) do
    if other == popper then
      table.remove(q._poppers, i)
      return
    end
  end
end

local function wait_for_item(q, timeout)
  local popper = {}
  table.insert(q._poppers, popper)
  local _ <close> = setmetatable({}, { __close = function()
    if not popper.is_done then
      give_up(q, popper)
    end
  end })
  local deadline = timeout and skynet.now() + timeout
  repeat
    if deadline then
      skynet.sleep(deadline - skynet.now(), popper)
    else
      skynet.wait(popper)
    end
  until popper.data ~= nil or (deadline and skynet.now() >= deadline)
  if popper.data == nil then
    return nil, "timeout"
  end
  popper.is_done = true
  q._handed = q._handed - 1
  return popper.data
end

function fifo:pop(timeout)
  if self._first <= self._last then
    return take(self)
  elseif timeout and timeout <= 0 then
    return nil, "timeout"
  end
  return wait_for_item(self, timeout)
end

skynet.queue = new_queue

return setmetatable({
  create = create,
  push = fifo.push,
  pop = fifo.pop,
}, { __call = function()
  return new_queue()
end })
