-- .luacheckrc -- what luacheck is told; "make tidy" runs it over lualib, services, tests, examples.
std = "lua54"
max_line_length = 100
-- An unused "self" or loop variable is often part of a signature.
self = false
ignore = {
  "212/_.*", -- unused argument whose name begins with "_"
  "213",     -- unused loop variable
}
exclude_files = { "lualib/meta", "build" }

-- Tests may leave names unused and look at globals to prove that there are none.
files["tests"] = { ignore = { "211", "212", "213", "311", "411", "421", "431" } }

-- Skynet's contract: SERVICE_NAME and SERVICE_PATH are globals of each service, snax services
-- define accept, response, init, exit and hotfix as globals.
read_globals = { "SERVICE_NAME", "SERVICE_PATH", "SERVICE_DESC", "LUA_PATH", "LUA_CPATH" }
local snax = { globals = { "accept", "response", "init", "exit", "hotfix" }, ignore = { "111", "131" } }
files["tests/lua/snax/support"] = snax
