--- Coroutines whose bodies may call blocking functions.
--
-- The stock functions of a service already pass a framework block outward; this module keeps the
-- rules of the old one: it resumes only coroutines made here, and knows which are blocked.
local core = require "skynet.core"

local M = {}

local own = setmetatable({}, { __mode = "k" })   -- coroutine -> service coroutine that runs it
local FOREIGN = "cannot resume none skynet coroutine"

M.running = coroutine.running
M.isyieldable = coroutine.isyieldable

--- To the resume of this coroutine. A service coroutine has none.
function M.yield(...)
  local co = coroutine.running()
  if own[co] == nil and co == core.thread() then
    error("Call skynet.coroutine.yield out of skynet.coroutine.resume", 2)
  end
  return coroutine.yield(...)
end

function M.create(f)
  local co = coroutine.create(f)
  own[co] = false
  return co
end

local function check(co)
  if type(co) ~= "thread" then
    error("bad argument #1 to 'resume' (coroutine expected)", 3)
  end
  if own[co] == nil then
    return coroutine.status(co) == "dead" and "cannot resume dead coroutine" or FOREIGN
  end
end

local function finish(co, ...)
  if coroutine.status(co) == "dead" then
    own[co] = false
  end
  return ...
end

function M.resume(co, ...)
  local err = check(co)
  if err then
    return false, err
  end
  if coroutine.status(co) == "suspended" and not core.blocked(co) then
    own[co] = core.thread()
  end
  return finish(co, coroutine.resume(co, ...))
end

local function unwrap(ok, ...)
  if ok then
    return ...
  end
  local err = ...
  if type(err) == "string" then
    error(err, 2)
  end
  error(err, 0)
end

function M.wrap(f)
  local co
  return function(...)
    co = co or M.create(f)
    return unwrap(M.resume(co, ...))
  end
end

function M.status(co)
  local status = coroutine.status(co)
  if status == "suspended" and core.blocked(co) then
    return "blocked"
  end
  return status
end

function M.thread(co)
  co = co or coroutine.running()
  local root = own[co]
  if root == nil or coroutine.status(co) == "dead" then
    return co, true
  end
  return root or nil, false
end

M.close = coroutine.close

return M
