-- index_snax.lua -- every function of the snax and queue sections of the interface index.
-- threads: 1 2 8
-- cfg: snax = "$DIR/snax/support/?.lua"
-- cfg: logger = "$TMP/log"
local skynet = require "skynet"
local snax = require "skynet.snax"
local queue = require "skynet.queue"
local util = require "support.util"
local show, try = util.show, util.try

--- { name, what exercises it, result as text }, in the order of the index.
local function rows(a)
  local q = queue.create()
  local self = "self"
  return {
    { "skynet.PTYPE_QUEUE", function() return skynet.PTYPE_QUEUE end, "8" },
    { "skynet.PTYPE_SNAX", function()
      return skynet.PTYPE_SNAX, skynet._proto.snax.id
    end, "11 11" },

    { "snax.interface", function()
      local class = snax.interface "full"
      return class.name, class.system.init, class.response.echo, class == snax.interface "full"
    end, '"full" 1 5 true' },
    { "snax.newservice", function()
      local obj = snax.newservice("full", "new", nil, 3)
      return obj.type, obj.req.given()
    end, '"full" "new" nil 3' },
    { "snax.rawnewservice", function()
      local handle = snax.rawnewservice("full", "raw")
      return math.type(handle), skynet.call(handle, "snax", snax.interface "full".response.given)
    end, '"integer" "raw"' },
    { "snax.bind", function()
      return snax.bind(a.handle, "full") == a, tostring(a) == ("[full:%x]"):format(a.handle),
        try("assertion failed", snax.bind, a.handle, "hot")
    end, 'true true "raises assertion failed"' },
    { "snax.uniqueservice", function()
      local one = snax.uniqueservice("full", "first")
      return one == snax.uniqueservice("full", "second"), one.req.given()
    end, 'true "first"' },
    { "snax.globalservice", function()
      local one = snax.globalservice("full", "global")
      return one == snax.globalservice "full", one ~= snax.uniqueservice "full", one.req.given()
    end, 'true true "global"' },
    { "snax.queryservice", function()
      return snax.queryservice "full" == snax.uniqueservice "full"
    end, "true" },
    { "snax.queryglobal", function()
      return snax.queryglobal "full" == snax.globalservice "full"
    end, "true" },
    { "snax.kill", function()
      local obj = snax.newservice "full"
      return show(snax.kill(obj, "some", "values")), (pcall(obj.req.echo))
    end, '"nothing" false' },
    { "snax.exit", function()
      local obj = snax.newservice "full"
      return try("call failed", obj.req.quit), (util.wait_for(function()
        return util.is_gone(obj.handle)
      end))
    end, '"raises call failed" true' },
    { "snax.self", function()
      return (a.req.who()) == a.handle, (select(3, a.req.who())) == tostring(a)
    end, "true true" },
    { "snax.hotfix", function()
      local obj = snax.newservice("hot", 5)
      return snax.hotfix(obj, [[
        local count
        function response.count() return -count end
        function hotfix(n) count = count + n; return "patched" end]], 2), obj.req.count()
    end, '"patched" -7' },
    { "snax.profile_info", function()
      local obj = snax.newservice "full"
      obj.req.echo()
      local info = snax.profile_info(obj)
      return info.echo.count, math.type(info.echo.time), info.add
    end, '1 "float" nil' },
    { "snax.printf", function()
      return show(snax.printf("%d%%", 5)), util.in_log "5%"
    end, '"nothing" true' },
    { "snax.post", function()
      return show(snax.post(a, "add", 2)), show(a.post.add(3)),
        show(snax.post(a.handle, "add", 4)), a.req.add(0)
    end, '"nothing" "nothing" "nothing" 9' },
    { "snax.req", function()
      return snax.req(a, "echo", nil, 1), a.req.echo(2), snax.req(a.handle, "echo", 3)
    end, "nil 2 3" },

    { "queue.create", function()
      local cs = queue()
      return q(function(...) return ... end, 1, nil), cs(function() return cs(self.len, self) end)
    end, "1 4" },
    { "queue.push", function()
      return queue.push(q, "a"), q:push(false), try("value expected", queue.push, q, nil)
    end, '1 2 "raises value expected"' },
    { "queue.pop", function()
      local first, second = queue.pop(q), q:pop(10)
      return first, second, queue.pop(q, 0)
    end, '"a" false nil "timeout"' },
  }
end

util.run(function()
  local count = 0
  for _, row in ipairs(rows(snax.newservice "full")) do
    local name, f, expected = table.unpack(row)
    local result = show(f())
    if result ~= expected then
      print(name, result, "expected:", expected)
    end
    count = count + 1
  end
  print(count)      -- expect: 21
end)
