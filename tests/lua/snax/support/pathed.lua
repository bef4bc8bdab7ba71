--- A snax service with modules of its own, in the folder that has its name.
local part = require "part"

function response.where()
  return SERVICE_PATH, package.path:match "^[^;]*", part.where, require "part" == part
end
