-- A number of a Linux board: lua5.4 linux-number-file.lua ROOT FILE COMMAND... runs the commands one after another, each in a
-- life of its own, and prints what the file then says: `make N`, `put N`, `open`, `tear SLOT` (its second half is lost).
local root, path = arg[1], arg[2]
package.path = root .. "/hal/linux/?.lua;" .. package.path
local numberFile = require "number-file"
local slotBytes = 4096

local function tear(slot)
  local file = assert(io.open(path, "r+b"))
  file:seek("set", slot * slotBytes + 6)
  file:write(("\0"):rep(slotBytes - 6))
  file:close()
end

local said = {}
for index = 3, #arg do
  local verb, number = arg[index]:match "^(%a+) ?(%-?%d*)$"
  number = math.tointeger(tonumber(number))
  if verb == "tear" then tear(number) end
  local opened, why = numberFile.open(path, verb == "make" and number or nil)
  if verb == "put" then assert(opened.put(number)) end
  said[#said + 1] = opened and ("%d"):format(opened.value()) or why
end
print(table.concat(said, " "))
