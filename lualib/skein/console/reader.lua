--- Reads lines and blocks of bytes from a socket, both with a limit on their size.
--
-- What is read ahead is kept here; what is not asked for stays in the socket, which then pauses its
-- peer.
local socket = require "skynet.socket"

local methods = {}
local mt = { __name = "skein.console.reader", __index = methods }

--- Reads more; false at the end of the input. Blocks.
local function fill(self)
  local bytes = socket.read(self.fd)
  if not bytes then
    return false
  end
  self.buffer = self.buffer:sub(self.position) .. bytes
  self.position = 1
  return true
end

--- The next line, without its \n or \r\n. nil, "closed" at the end of the input (what stands behind
-- the last newline is lost); nil, "too long" above size_max bytes. Blocks.
function methods:line(size_max)
  local searched = 0
  while true do
    local at = self.buffer:find("\n", self.position + searched, true)
    local size = (at or #self.buffer + 1) - self.position
    if size > size_max + 1 then  -- the \r of the end does not count
      return nil, "too long"
    elseif at then
      local line = self.buffer:sub(self.position, at - 1):gsub("\r$", "")
      self.position = at + 1
      if #line > size_max then
        return nil, "too long"
      end
      return line
    end
    searched = size
    if not fill(self) then
      return nil, "closed"
    end
  end
end

--- The next `size` bytes; nil at the end of the input. Blocks.
function methods:bytes(size)
  while #self.buffer - self.position + 1 < size do
    if not fill(self) then
      return nil
    end
  end
  local bytes = self.buffer:sub(self.position, self.position + size - 1)
  self.position = self.position + size
  return bytes
end

local M = {}

--- The words of a line -> array of strings.
function M.words(line)
  local words = {}
  for word in line:gmatch "%S+" do
    words[#words + 1] = word
  end
  return words
end

--- A reader of the started socket fd.
function M.new(fd)
  return setmetatable({ fd = fd, buffer = "", position = 1 }, mt)
end

return M
