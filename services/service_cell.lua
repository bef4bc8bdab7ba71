--- A service made of a function: see skynet.service. The provider sends its code in `init`.
local skynet = require "skynet"

--- Runs the function here; skynet.start inside it only says what to run after it.
local function run(code, ...)
  local start
  skynet.start = function(f)
    start = f
  end
  skynet.dispatch("lua", function()
    error "No dispatch function"
  end)
  local main = assert(load(code, "=service_cell", "b"))
  main(...)
  if start then
    start()
  end
end

skynet.start(function()
  skynet.dispatch("lua", function(_, source, cmd, ...)
    -- Bytecode is trusted only inside the process.
    assert(cmd == "init" and not select(2, skynet.harbor(source)), "init expected")
    run(...)
    skynet.ret()
  end)
end)
