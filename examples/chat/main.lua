--- Starts the chat server and says how to try it.
local skynet = require "skynet"

skynet.start(function()
  local host = skynet.getenv "chat_host" or "127.0.0.1"
  local port = math.tointeger(tonumber(skynet.getenv "chat_port" or 7000))
  local room = skynet.uniqueservice "room"
  local gate = skynet.newservice("gate", room)
  local actual, why = skynet.call(gate, "lua", "open", host, port)
  if not actual then
    skynet.error(why)
    skynet.error "set another chat_port in the configuration file"
    skynet.abort()
    return
  end
  skynet.error(("chat server on %s port %d; try it from two terminals:  nc %s %d")
    :format(host, actual, host, actual))
  skynet.error "type lines to talk, /help for commands; Ctrl-C here stops the server"
end)
