--- Talks with the native test service "every".
-- helper: for tests/lua/native
local skynet = require "skynet.manager"

local native = {}

--- Registers the text protocol; what comes without being asked for goes to the list.
function native.init()
  local list = {}
  skynet.register_protocol {
    name = "text", id = skynet.PTYPE_TEXT, pack = function(text) return text end,
    unpack = skynet.tostring, dispatch = function(session, source, text)
      list[#list + 1] = text
      if text == "raise" then
        error "as asked"
      elseif session ~= 0 and text ~= "silence" then
        skynet.ret("you said " .. text)
      elseif session ~= 0 then
        skynet.ignoreret()
      end
    end,
  }
  return list
end

--- Launches one: a function that asks it, and its handle.
function native.launch(args)
  local handle = assert(skynet.launch("every", args or "x"))
  return function(format, ...)
    return skynet.call(handle, "text", select("#", ...) > 0 and format:format(...) or format)
  end, handle
end

return native
