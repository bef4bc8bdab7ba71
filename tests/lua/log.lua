-- log.lua -- skein.log: levels, fields, the text of a plain line, the filter.
-- threads: 1 2
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local log = require "skein.log"
local util = require "support.util"
local print = util.print

--- The log's last line about `text`, without time and source.
local function line(text)
  util.in_log(text)
  local found
  for l in util.log():gmatch "[^\n]+" do
    if l:find(text, 1, true) then
      found = l:match "%[:%x+%] (.*)"
    end
  end
  return found
end

local function test_plain()
  log.info("one")
  print(line "one")                                 -- expect: info: one
  log.warn("two", { b = 1, a = "x", c = true, d = 1.5, e = "with blank", f = "", g = "q\"" })
  print(line "two")
  -- expect: warn: two a=x b=1 c=true d=1.5 e="with blank" f="" g="q\""
  log.error("three", { ["odd name"] = "a\nb", t = setmetatable({}, {
    __tostring = function() return "shown" end }) })
  print(line "three")
  -- expect: error: three "odd name"="a\nb" t=shown
  log.info(42, {})
  print(line "info: 42")                            -- expect: info: 42
  log.info("four", { inf = 1 / 0, nan = 0 / 0, third = 1 / 3, big = math.maxinteger })
  print((line "four":gsub('"%-?nan"', '"nan"')))
  -- expect: info: four big=9223372036854775807 inf="inf" nan="nan" third=0.3333333333333333
  log.info(nil)
  print(line "info: nil")                           -- expect: info: nil
end

local function test_filter()
  print(log.level())                                -- expect: info
  log.debug "hidden"
  print(log.level "debug", log.level())             -- expect: info debug
  log.debug "seen"
  print(line "seen")                                -- expect: debug: seen
  local peer = util.peer()
  util.eval(peer, "require 'skein.log'.level 'error'")
  log.warn "too low"                                -- the level is that of the node
  log.error "high enough"
  skynet.error "without a level"
  print(line "without a level")                     -- expect: without a level
  print(util.log():find "hidden", util.log():find "too low")  -- expect: nil nil
  print(util.in_log "high enough")                  -- expect: true
  log.level "info"
end

local function test_misuse()
  print(util.try("bad argument #1", log.level, "loud"))  -- expect: raises bad argument #1
  print(util.try("table expected", log.info, "x", 1))    -- expect: raises table expected
  print(util.try("is a string, not a number", log.info, "x", { 1 }))
  -- expect: raises is a string, not a number
  print(util.try("value expected", log.info))       -- expect: raises value expected
  print(util.try("ouch", log.info, "x", { a = setmetatable({}, {
    __tostring = function() error "ouch" end }) })) -- expect: raises ouch
  -- A __tostring that empties the table meanwhile harms nobody.
  local fields = {}
  for i = 1, 20 do
    fields["name " .. i] = setmetatable({}, { __tostring = function()
      for k in pairs(fields) do
        fields[k] = nil
      end
      collectgarbage()
      return "v"
    end })
  end
  log.info("emptied", fields)
  print(line "emptied":match '^info: emptied "name 1"=v "name 10"=nil' ~= nil)  -- expect: true
end

util.run(function()
  test_plain()
  test_filter()
  test_misuse()
end)
