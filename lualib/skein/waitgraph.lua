--- Who waits for whom: the calls that services have open, and which of them wait in a cycle.
local M = {}

--- The strongly connected components (R. Tarjan, 1972), without recursion:
-- a chain of calls may be as long as there are services. `edges`: node -> array of nodes.
local function components_of(edges)
  local index, low, on_stack, stack, count = {}, {}, {}, {}, 0
  local components = {}

  local function enter(node, path)
    count = count + 1
    index[node], low[node] = count, count
    stack[#stack + 1] = node
    on_stack[node] = true
    path[#path + 1] = { node = node, next = 1 }
  end

  local function leave(node, path)
    path[#path] = nil
    local parent = path[#path]
    if parent then
      low[parent.node] = math.min(low[parent.node], low[node])
    end
    if low[node] ~= index[node] then
      return
    end
    local members = {}
    repeat
      local member = table.remove(stack)
      on_stack[member] = nil
      members[#members + 1] = member
    until member == node
    components[#components + 1] = members
  end

  local function step(path)
    local top = path[#path]
    local callee = (edges[top.node] or {})[top.next]
    if not callee then
      leave(top.node, path)
      return
    end
    top.next = top.next + 1
    if not index[callee] then
      enter(callee, path)
    elseif on_stack[callee] then
      low[top.node] = math.min(low[top.node], index[callee])
    end
  end

  for node in pairs(edges) do
    local path = {}
    if not index[node] then
      enter(node, path)
    end
    while #path > 0 do
      step(path)
    end
  end
  return components
end

local function reversed(list)
  local result = {}
  for i = #list, 1, -1 do
    result[#result + 1] = list[i]
  end
  return result
end

--- The shortest way from a node back to itself: its nodes, the first one also at the end; or nil.
local function shortest_cycle(edges, start)
  local from, queue, head = {}, { start }, 1
  while queue[head] do
    local node = queue[head]
    head = head + 1
    for _, callee in ipairs(edges[node] or {}) do
      if callee == start then
        local cycle = { start }
        while node ~= start do
          cycle[#cycle + 1] = node
          node = from[node]
        end
        cycle[#cycle + 1] = start
        return reversed(cycle)
      elseif not from[callee] then
        from[callee] = node
        queue[#queue + 1] = callee
      end
    end
  end
end

local function smallest(list)
  local first = list[1]
  for _, v in ipairs(list) do
    if v < first then
      first = v
    end
  end
  return first
end

--- Takes calls { caller, callee, ... } (handles); sets `is_cyclic` in those that are part of a
-- cycle, and returns the cycles, one for each group of services that wait for each other: arrays
-- of handles, the first one also at the end.
function M.find_cycles(calls)
  local edges = {}
  for _, call in ipairs(calls) do
    edges[call.caller] = edges[call.caller] or {}
    table.insert(edges[call.caller], call.callee)
  end
  local group_of, cycles = {}, {}
  for n, members in ipairs(components_of(edges)) do
    for _, member in ipairs(members) do
      group_of[member] = n
    end
    local cycle = shortest_cycle(edges, smallest(members))
    cycles[#cycles + 1] = cycle
  end
  for _, call in ipairs(calls) do
    call.is_cyclic = group_of[call.caller] == group_of[call.callee]
  end
  table.sort(cycles, function(a, b) return a[1] < b[1] end)
  return cycles
end

return M
