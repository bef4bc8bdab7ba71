--- A service whose main chunk never ends. Its argument is a file to be made first.
local file = assert(io.open(..., "w"))
file:close()
while true do end
