--- Reads files without holding a worker: the C module filereader as a blocking call.
local skynet = require "skynet"
local filereader = require "filereader"

local TYPE = 20 -- a message type of this program's own

local reader = filereader.new(TYPE)
local waiting = {} -- id -> coroutine, then its result
local last_id = 0

skynet.register_protocol {
  name = "file", id = TYPE, unpack = skynet.unpack,
  dispatch = function(_, _, id, text, err)
    local co = waiting[id]
    waiting[id] = { text, err }
    skynet.wakeup(co)
  end,
}

local files = {}

--- The content of the file; nil and a message when it cannot be read. Yields.
function files.read(path)
  last_id = last_id + 1
  local id = last_id
  waiting[id] = coroutine.running()
  reader:read(id, path)
  skynet.wait(waiting[id])
  local result = waiting[id]
  waiting[id] = nil
  return result[1], result[2]
end

return files
