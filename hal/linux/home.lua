-- For kassa-board: lua5.4 home.lua CONFIG prints the board's home, making the folder; with a second word it says that
-- another board holds it.
package.path = (arg[0]:match "^(.*/)" or "./") .. "?.lua;" .. package.path
local config = require "config"
local refuse = require "refusal".refuse
local shellWord = require "shell-word"

local noSpace = 28 -- ENOSPC: no inode

local values, facts = config.load(arg[1])
if values == nil then refuse("BOARD_CONFIG", facts) end
if arg[2] ~= nil then refuse("BOARD_RUNS", { home = values.home }) end
if not os.execute("mkdir -p -m 700 " .. shellWord(values.home)) then
  refuse("FLASH_FILE", { file = values.home, got = "no folder" })
end
-- A home that takes no file is told here, in words.
local trial = values.home .. "/trial"
local file, message, number = io.open(trial, "w")
if file == nil then refuse(number == noSpace and "DISK_FULL" or "FLASH_FILE", { file = trial, got = message }) end
file:close()
os.remove(trial)
print(values.home)
