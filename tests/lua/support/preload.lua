--- Run before each service: notes what it is given and what is there already.
local name = ...
_G.PRELOADED = table.concat({ ... }, " ")
_G.PRELOAD_SAW = tostring(SERVICE_NAME == name) .. " " .. tostring(SERVICE_PATH)
if select(2, ...) == "preload_fails" then
  error "the preload file fails"
end
