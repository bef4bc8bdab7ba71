--- Requests of tools such as curl: a command in the path of a GET or the body of a POST.
--
-- A web page can make its visitor's browser send requests to this machine, too. They are known by
-- headers that a page cannot leave out, and refused.
local M = {}

local LINE_SIZE_MAX = 8192
local HEADER_COUNT_MAX = 64
local BODY_SIZE_MAX = 8192

local FROM_A_BROWSER = { origin = true, referer = true }

--- True for the first line of any HTTP request.
function M.is_request(line)
  return line:find "^GET " ~= nil or line:find "^POST " ~= nil or
    line:find "^%u+ .* HTTP/%d" ~= nil
end

local function is_address(host)
  return host:find "^%d+%.%d+%.%d+%.%d+$" ~= nil or host:find "^%[[%x:.]+%]$" ~= nil
end

--- Whether the value of a Host header names this machine. `ip` is the one that is listened on.
function M.is_own_host(value, ip)
  local host = value:gsub(":%d+$", ""):lower()
  if host == "localhost" or host == ip or host == "[" .. ip .. "]" then
    return true
  end
  if host:find "^127%.%d+%.%d+%.%d+$" or host == "[::1]" then
    return true
  end
  return not M.is_loopback(ip) and is_address(host)  -- one of several; a name could be anybody's
end

--- Whether the host is this machine and cannot be reached from others.
function M.is_loopback(host)
  return host == "localhost" or host == "::1" or host:find "^127%.%d+%.%d+%.%d+$" ~= nil
end

local function read_line(reader)
  local line, err = reader:line(LINE_SIZE_MAX)
  if not line then
    error("Invalid request: " .. (err == "closed" and "it is cut off" or "a line is too long"), 0)
  end
  return line
end

local function read_headers(reader)
  local headers = {}
  for _ = 1, HEADER_COUNT_MAX do
    local line = read_line(reader)
    if line == "" then
      return headers
    end
    local name, value = line:match "^([^%s:]+):%s*(.-)%s*$"
    if not name then
      error("Invalid request: a header has no name", 0)
    end
    name = name:lower()
    if headers[name] and (name == "host" or name == "content-length") then
      error("Invalid request: two headers " .. name, 0)
    end
    headers[name] = value
  end
  error("Invalid request: too many headers", 0)
end

local function check_headers(headers, version, ip)
  for name in pairs(headers) do
    if FROM_A_BROWSER[name] or name:find "^sec%-" then
      error("Refused: the request comes from a web page (" .. name .. ")", 0)
    end
  end
  if not headers.host and version ~= "1.0" then
    error("Invalid request: no Host", 0)
  end
  if headers.host and not M.is_own_host(headers.host, ip) then
    error("Refused: the Host is not this machine", 0)
  end
end

local function read_body(reader, headers)
  local size = headers["content-length"]
  if headers["transfer-encoding"] or not size then
    error("Invalid request: no Content-Length", 0)
  elseif not size:find "^%d+$" then
    error("Invalid request: Content-Length is no number", 0)
  elseif #size > 9 or tonumber(size) > BODY_SIZE_MAX then
    error("Invalid request: the body is too long", 0)
  end
  return reader:bytes(tonumber(size)) or error("Invalid request: it is cut off", 0)
end

--- Reads the rest of the request whose first line is given. `ip` is the address that is listened
-- on. The command, and the token of its Authorization header or nil. Raises a text for the client.
-- Blocks.
function M.read(reader, first, ip)
  local method, path, version = first:match "^(%u+) (.*) HTTP/(1%.[01])$"
  if method ~= "GET" and method ~= "POST" then
    error(method and "Invalid request: only GET and POST" or "Invalid request: no HTTP/1.1", 0)
  elseif path:sub(1, 1) ~= "/" then
    error("Invalid request: the path does not begin with /", 0)
  end
  local headers = read_headers(reader)
  check_headers(headers, version, ip)
  local token = (headers.authorization or ""):match "^[Bb]earer +(%S+)$"
  if method == "POST" then
    return read_body(reader, headers), token
  end
  return path:sub(2):gsub("/", " "), token
end

return M
