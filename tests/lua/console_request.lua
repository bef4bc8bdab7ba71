-- console_request.lua -- requests of tools to the debug console: cut off, random, at the limits.
local skynet = require "skynet"
local request = require "skein.console.request"
local util = require "support.util"
local print = util.print

--- A reader of a text; see skein.console.reader.
local function new_reader(text)
  local at = 1
  return {
    line = function(_, size_max)
      local stop = text:find("\n", at, true)
      if not stop then
        return nil, "closed"
      end
      local line = text:sub(at, stop - 1):gsub("\r$", "")
      at = stop + 1
      if #line > size_max then
        return nil, "too long"
      end
      return line
    end,
    bytes = function(_, size)
      if #text - at + 1 < size then
        return nil
      end
      at = at + size
      return text:sub(at - size, at - 1)
    end,
  }
end

--- ok, command, token; or false, error
local function read(text, ip)
  local reader = new_reader(text)
  local first = reader:line(8192)
  if not first then
    return false, "no line"
  end
  return pcall(request.read, reader, first, ip or "127.0.0.1")
end

local function test_tokens()
  local head = "GET /a/b//c HTTP/1.1\r\nHost: localhost\r\n"
  print(util.show(read(head .. "\r\n")))            -- expect: true "a b  c" nil
  print(util.show(read(head .. "Authorization:Bearer  x.y=\n\n")))
  -- expect: true "a b  c" "x.y="
  print(util.show(read(head .. "AUTHORIZATION:   bearer t  \r\n\r\n")))
  -- expect: true "a b  c" "t"
  for _, value in ipairs { "Bearer", "Bearer a b", "Basic x", "Bearerx" } do
    print(util.show(read(head .. "Authorization: " .. value .. "\r\n\r\n")))
  end
  -- expect: true "a b  c" nil
  -- expect: true "a b  c" nil
  -- expect: true "a b  c" nil
  -- expect: true "a b  c" nil
  print(util.show(read "POST / HTTP/1.0\ncontent-length: 3\n\nl xyz"))
  -- expect: true "l x" nil
end

--- Each beginning of a request is an error with a text for the client.
local function test_cut_off()
  for _, whole in ipairs {
    "GET /list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 4\r\n\r\nlist",
  } do
    assert(read(whole))
    for size = 0, #whole - 1 do
      local ok, err = read(whole:sub(1, size))
      if ok or not (err == "no line" or err:find "^Invalid request: ") then
        error(("cut at %d: %s %s"):format(size, ok, err))
      end
    end
  end
end

local PIECES = { "GET ", "POST ", "/", "x", " HTTP/1.1", " HTTP/1.0", "\r\n", "\n",
  "Host: localhost", "Host:", ":", " ", "Content-Length: 3", "content-length: 99999999999",
  "Origin: x", "Sec-", "\0",
  "\255", "Transfer-Encoding: x", "Authorization: Bearer x" }

local function test_random()
  local seed = tonumber(os.getenv "SEED") or skynet.hpc() & 0xffffff
  math.randomseed(seed)
  for round = 1, 3000 do
    local words = {}
    for i = 1, math.random(0, 25) do
      words[i] = PIECES[math.random(#PIECES)]
    end
    local text = table.concat(words)
    local ok, result = read(text)
    local is_text = type(result) == "string"
    local is_known = is_text and (ok or result == "no line" or result:find "^Invalid request: " or
      result:find "^Refused: ")
    local head = ok and text:match "^(.-\n)\r?\n":lower() or ""
    if not is_known or head:find("\norigin:", 1, true) or head:find "\nsec%-[^\n]*:" then
      error(("seed %d, round %d: %q gives %s"):format(seed, round, text, result))
    end
  end
end

util.run(function()
  test_tokens()
  test_cut_off()
  test_random()
  local count = 0
  for _, line in ipairs { "GET", "get / HTTP/1.1", "list", "GETX / x", "PUT / HTTP",
    "call 8 HTTP/1" } do
    count = count + (request.is_request(line) and 1 or 0)
  end
  print(count)                                      -- expect: 0
end)
