-- Asks the board of this folder whether it keeps its contract: lua5.4 samples/board-template/run-contract.lua, started in the
-- project's root after npm run build. Says TAP; ends with 0 when no case failed, with 1 when one did.
local here = arg[0]:match "^(.*/)" or "./"
local contractPath = "build/hal-contract.lua"
local file = io.open(contractPath)
if file == nil then
  io.stderr:write(contractPath, " is not here: start this in the project's root, after npm ci && npm run build.\n")
  os.exit(2)
end
file:close()
local contract = dofile(contractPath)
local board = dofile(here .. "board.lua")

local world = board.newWorld()
local hal = board.open(world)

-- The next life. The contract keeps the table that it was given, so the new devices move into it.
local function reopen()
  for name, device in pairs(board.open(world)) do hal[name] = device end
  return hal
end

local probe = { reboot = reopen }

-- A torn program: the units that were reached are there, the last of them with its first bytes only.
function probe.cutProgram(part, offsetBytes, data, afterBytes)
  local unitBytes = hal[part].programBytes
  hal[part].program(offsetBytes, data:sub(1, afterBytes) .. ("\255"):rep(-afterBytes % unitBytes))
  reopen()
end

-- A torn erase: the first half of the sector is erased.
function probe.cutErase(part, offsetBytes)
  local flash = hal[part]
  local firstUnit = offsetBytes // flash.programBytes
  local lastUnit = (offsetBytes + flash.sectorBytes // 2) // flash.programBytes - 1
  for unit = firstUnit, lastUnit do world.units[part][unit] = nil end
  reopen()
end

function probe.eraseCount(part, offsetBytes) return world.erases[part][offsetBytes // hal[part].sectorBytes] or 0 end

-- Nobody feeds the watchdog for 5 s.
function probe.starve()
  board.pass(world, 5000)
  return reopen()
end

-- The contract does not feed the watchdog itself.
function probe.waitMs(ms)
  hal.system.feedWatchdog()
  board.pass(world, ms)
end

function probe.lineWrite(data) world.toBoard = world.toBoard .. data end

function probe.lineRead()
  local arrived = world.toHost
  world.toHost = ""
  return arrived
end

local failed = contract.run(hal, probe, print)
os.exit(failed == 0 and 0 or 1)
