--- Results of commands as text.
local M = {}

local DEPTH_MAX = 4  -- of tables in tables

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

local function inner_text(value, depth)
  if type(value) ~= "table" then
    return tostring(value)
  elseif depth == DEPTH_MAX then
    return "{...}"
  end
  local words = {}
  for _, key in ipairs(sorted_keys(value)) do
    words[#words + 1] = ("%s:%s"):format(tostring(key), inner_text(value[key], depth + 1))
  end
  return "{" .. table.concat(words, " ") .. "}"
end

--- The fields of a table in one line, "key:value", with tabs between them.
local function fields_text(map)
  local words = {}
  for _, key in ipairs(sorted_keys(map)) do
    words[#words + 1] = ("%s:%s"):format(tostring(key), inner_text(map[key], 1))
  end
  return table.concat(words, "\t")
end

--- One result. A table gives a line for each of its entries; nil gives nothing.
function M.text(value)
  if value == nil then
    return ""
  elseif type(value) ~= "table" then
    local text = tostring(value)
    return (text == "" or text:sub(-1) == "\n") and text or text .. "\n"
  end
  local lines = {}
  for _, key in ipairs(sorted_keys(value)) do
    local v = value[key]
    lines[#lines + 1] = ("%s\t%s\n"):format(tostring(key),
      type(v) == "table" and fields_text(v) or tostring(v))
  end
  return table.concat(lines)
end

--- All results of a command, one behind the other.
function M.all(...)
  local texts = {}
  for i = 1, select("#", ...) do
    texts[i] = M.text((select(i, ...)))
  end
  return table.concat(texts)
end

--- Bytes: from 1024 on with K, from 1 MiB on with M.
function M.size(bytes)
  if bytes < 1024 then
    return tostring(bytes)
  elseif bytes < 1024 * 1024 then
    return ("%.1fK"):format(bytes / 1024)
  end
  return ("%.1fM"):format(bytes / (1024 * 1024))
end

--- An age in ticks: seconds below a minute, else m:s or h:m:s.
function M.age(ticks)
  local seconds = ticks / 100
  if seconds < 60 then
    return ("%.1fs"):format(seconds)
  elseif seconds < 3600 then
    return ("%d:%04.1fs"):format(seconds // 60, seconds % 60)
  end
  return ("%d:%02d:%04.1fs"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
end

--- Rows of cells (texts) as columns; those with right[number] end at the same place.
function M.columns(rows, right)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, #cell)
    end
  end
  local lines = {}
  for n, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local padding = (" "):rep(widths[i] - #cell)
      cells[i] = right[i] and padding .. cell or cell .. padding
    end
    lines[n] = table.concat(cells, "  "):gsub(" +$", "") .. "\n"
  end
  return table.concat(lines)
end

return M
