-- For kassa-board: lua5.4 home.lua CONFIG prints the board's home, making the folder; with a second word it says that
-- another board holds it.
package.path = (arg[0]:match "^(.*/)" or "./") .. "?.lua;" .. package.path
local config = require "config"
local refuse = require "refusal"

local values, facts = config.load(arg[1])
if values == nil then refuse("BOARD_CONFIG", facts) end
if arg[2] ~= nil then refuse("BOARD_RUNS", { home = values.home }) end
if not os.execute("mkdir -p -m 700 '" .. values.home:gsub("'", "'\\''") .. "'") then
  refuse("FLASH_FILE", { file = values.home, got = "no folder" })
end
print(values.home)
