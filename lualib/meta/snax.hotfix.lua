---@meta snax.hotfix

---Replaces functions of a snax service inside of it: what `skynet.snax.hotfix` asks the service
---for.
---@param methods table[] the functions, as of `snax.interface`; they are changed
---@param source string the text with the new functions
---@param ... any for its function `hotfix`
---@return boolean ok false when the text is wrong, or its `hotfix` fails; then nothing, or all, is replaced
---@return any ... the results of `hotfix`; the message
local function hotfix(methods, source, ...) end

return hotfix
