-- Two programs of a Linux board's flash, in sectors that are erased first: lua5.4 linux-full-disk.lua ROOT CONFIG prints what
-- became of each. The first lies far behind the beginning of the file, the second near it.
local root, configPath = arg[1], arg[2]
package.path = root .. "/hal/linux/?.lua;" .. package.path
local config = require "config"
local flash = require "file-flash"

local values = assert(config.load(configPath))
local parts = assert(flash.open(values.home .. "/flash.bin", values.fiscalBytes, function() end))
local answers = {}
for _, part in ipairs { parts.fiscal, parts.state } do
  local problem = part.eraseSector(0)
  problem = problem or part.program(0, string.rep("k", 64))
  answers[#answers + 1] = problem and problem.kind or "taken"
end
print(table.concat(answers, " "))
