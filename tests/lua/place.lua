-- place.lua -- where a busy service is can be asked from outside.
-- threads: 2
-- not-under: thread the checker holds signals back in code that calls no C library
local skynet = require "skynet"
local skein = require "skein"
local util = require "support.util"
local print = util.print

local function place(handle, seconds)
  return skein.deadline(seconds, skein.place, handle)
end

util.run(function()
  local peer = util.peer()
  print(util.show(place(peer, 0.1)), util.show(place(skynet.self(), 5)),
    util.show(place(0xffff, 5)))
  -- expect: nothing nothing nothing
  util.eval_later(peer, "while true do end")
  for _ = 1, 3 do
    local stack = util.wait_for(function() return place(peer, 0.1) end, "the place")
    print(stack:match "peer:1: in")
  end
  -- expect: peer:1: in
  -- expect: peer:1: in
  -- expect: peer:1: in
  skynet.kill(peer)
end)
