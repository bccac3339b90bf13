-- A toy board: everything that docs/porting.md asks of a board, as plain as it can be. Copy it, put your chip's drivers in
-- the place of its devices one by one, and run run-contract.lua after each.
--
-- What survives the power and what hangs on the wires is one table, the world; board.open(world) is the power coming. So
-- whoever has the world can cut the power and hold the other end of the line. Time passes by board.pass only.
package.path = "hal/linux/?.lua;" .. package.path
if not pcall(require, "openssl") then
  io.stderr:write "OpenSSL for Lua is missing: apt install lua-luaossl\n"
  os.exit(2)
end
local cipher, digest = require "openssl.cipher", require "openssl.digest"
local hmac, rand = require "openssl.hmac", require "openssl.rand"
local p256 = require "p256"

local kilobyte = 1024
local programBytes, sectorBytes, callBytesMax = 4, 4 * kilobyte, 256
local partBytes = { state = 64 * kilobyte, scratch = 256 * kilobyte, z = 1024 * kilobyte, fiscal = 1024 * kilobyte }
local uartBytes, hashesMax, watchdogMs = 2 * kilobyte, 8, 4000
local nonceBytes, tagBytes = 12, 16
local blankUnit = ("\255"):rep(programBytes)

local board = {}

-- Thrown by system.reset, which must not return: a chip restarts here.
board.restart = {}

-- A board that was never switched on.
function board.newWorld()
  local world = { nowMs = 0, fedMs = 0, outputs = {}, uniqueId = rand.bytes(12), counter = 0, printedBytes = 0 }
  world.toBoard, world.toHost, world.fromPrinter = "", "", ""
  world.units, world.erases = {}, {}
  for name in pairs(partBytes) do world.units[name], world.erases[name] = {}, {} end
  -- Made at the first boot and never shown: on a real board these stay inside the secure element.
  world.keys = { sign = p256.newKey(), mac = rand.bytes(32), seal = rand.bytes(32) }
  return world
end

-- Time passes. A watchdog that was not fed bites: the next board.open is told so.
function board.pass(world, ms)
  world.nowMs = world.nowMs + ms
  if world.nowMs - world.fedMs > watchdogMs then world.cause = "watchdog" end
end

-- One part of the flash. `units`: index → the bytes of each program unit that was programmed; `erases`: sector → how often.
local function openFlash(units, erases, capacityBytes)
  local flash = { capacityBytes = capacityBytes, programBytes = programBytes, sectorBytes = sectorBytes }

  -- What is wrong with a call, or nil.
  local function problem(offsetBytes, lengthBytes, gridBytes)
    local function is(kind) return { kind = kind, offsetBytes = offsetBytes } end
    if offsetBytes < 0 or lengthBytes < 0 or offsetBytes + lengthBytes > capacityBytes then return is "outOfBounds" end
    if offsetBytes % gridBytes ~= 0 or lengthBytes % gridBytes ~= 0 then return is "notAligned" end
  end

  function flash.read(offsetBytes, lengthBytes)
    local wrong = problem(offsetBytes, lengthBytes, 1)
    if wrong then return wrong end
    local pieces = {}
    for index = offsetBytes // programBytes, (offsetBytes + lengthBytes - 1) // programBytes do
      pieces[#pieces + 1] = units[index] or blankUnit
    end
    local skipped = offsetBytes % programBytes
    return table.concat(pieces):sub(skipped + 1, skipped + lengthBytes)
  end

  -- A call may cross the chip's pages and sectors: a driver whose chip cannot do so splits it.
  function flash.program(offsetBytes, data)
    local wrong = problem(offsetBytes, #data, programBytes)
    if wrong then return wrong end
    local first, count = offsetBytes // programBytes, #data // programBytes
    for index = first, first + count - 1 do
      if units[index] then return { kind = "notErased", offsetBytes = index * programBytes } end
    end
    for done = 0, count - 1 do units[first + done] = data:sub(done * programBytes + 1, (done + 1) * programBytes) end
  end

  function flash.eraseSector(offsetBytes)
    local wrong = problem(offsetBytes, sectorBytes, sectorBytes)
    if wrong then return wrong end
    for index = offsetBytes // programBytes, (offsetBytes + sectorBytes) // programBytes - 1 do units[index] = nil end
    local sector = offsetBytes // sectorBytes
    erases[sector] = (erases[sector] or 0) + 1
  end

  return flash
end

local function openHash()
  local open, count, last = {}, 0, 0
  return {
    open = function()
      assert(count < hashesMax, "at most eight hashes are open")
      count, last = count + 1, last + 1
      open[last] = digest.new "sha256"
      return last
    end,
    update = function(handle, data) open[handle]:update(data) end,
    digest = function(handle)
      local value = open[handle]:final()
      open[handle], count = nil, count - 1
      return value
    end,
  }
end

-- On a real board a chip that never gives its keys away. OpenSSL for Lua signs messages, not digests: hence hal/linux/p256.lua.
local function openElement(world)
  local keys = world.keys
  local element = { verifyP256 = p256.verify, random = rand.bytes }
  function element.publicKey() return p256.publicKey(keys.sign) end
  function element.sign(digestBytes) return p256.sign(keys.sign, digestBytes) end
  function element.hmac(data) return hmac.new(keys.mac, "sha256"):final(data) end
  function element.counter() return world.counter end

  function element.counterStep()
    world.counter = world.counter + 1
    return world.counter
  end

  function element.seal(plain)
    local nonce = rand.bytes(nonceBytes)
    local gcm = cipher.new("aes-256-gcm"):encrypt(keys.seal, nonce)
    local sealed = gcm:update(plain) .. gcm:final()
    return nonce .. sealed .. gcm:getTag(tagBytes)
  end

  function element.unseal(sealed)
    if #sealed < nonceBytes + tagBytes then return nil end
    local gcm = cipher.new("aes-256-gcm"):decrypt(keys.seal, sealed:sub(1, nonceBytes))
    gcm:setTag(sealed:sub(-tagBytes))
    local plain, rest = gcm:update(sealed:sub(nonceBytes + 1, -tagBytes - 1)), gcm:final()
    return rest and plain .. rest
  end

  return element
end

-- Takes up to `lengthMaxBytes` from the front of a queue of the world.
local function take(world, queue, lengthMaxBytes)
  local taken = world[queue]:sub(1, lengthMaxBytes)
  world[queue] = world[queue]:sub(#taken + 1)
  return taken
end

-- The chip sends what it has taken at once: what waits in toHost is what the other end has not fetched.
local function openUart(world)
  return {
    read = function(lengthMaxBytes) return take(world, "toBoard", lengthMaxBytes) end,
    write = function(data)
      local taken = data:sub(1, uartBytes - #world.toHost)
      world.toHost = world.toHost .. taken
      return #taken
    end,
    pendingBytes = function() return #world.toHost end,
    setBaud = function(baud) world.baud = baud end,
  }
end

-- A printer that is well and has paper; it prints into the void. "DLE EOT n" and "GS r 1" are questions.
local function openPrinter(world)
  return {
    read = function(lengthMaxBytes) return take(world, "fromPrinter", lengthMaxBytes) end,
    write = function(data)
      world.fromPrinter = world.fromPrinter .. ("\18"):rep(select(2, data:gsub("\16\4[\1-\4]", "")))
      world.fromPrinter = world.fromPrinter .. ("\0"):rep(select(2, data:gsub("\29r\1", "")))
      world.printedBytes = world.printedBytes + #data
      return #data
    end,
  }
end

-- The wall clock has no battery: after the power it is unset until the host sets it.
local function openClock(world)
  local bornMs, wall = world.nowMs, nil
  local clock = {}
  function clock.monotonicMs() return world.nowMs - bornMs end
  function clock.utcS() return wall and wall.utcS + (world.nowMs - wall.setMs) // 1000 end
  function clock.setUtcS(utcS) wall = { utcS = utcS, setMs = world.nowMs } end
  return clock
end

local function openSystem(world)
  local cause = world.cause or "power"
  world.cause, world.fedMs = nil, world.nowMs
  return {
    resetCause = function() return cause end,
    reset = function()
      world.cause = "request"
      error(board.restart)
    end,
    feedWatchdog = function() world.fedMs = world.nowMs end,
    uniqueId = function() return world.uniqueId end,
    powerGood = function() return true end,
  }
end

-- The power comes: the hal of a new life.
function board.open(world)
  local hal = {
    board = {
      kind = "template",
      serial = "KZT00000042",
      callBytesMax = callBytesMax,
      bootTrust = "none",
      -- A line of hal/printers.ts.
      printer = { name = "epson-tm-t20", columns = 48, letters = "table", codeTable = 53, qr = "command", confirms = true, cutter = true },
    },
    hash = openHash(),
    secureElement = openElement(world),
    uart = openUart(world),
    printer = openPrinter(world),
    clock = openClock(world),
    gpio = { set = function(output, isOn) world.outputs[output] = isOn end },
    system = openSystem(world),
  }
  for name, capacityBytes in pairs(partBytes) do
    hal[name] = openFlash(world.units[name], world.erases[name], capacityBytes)
  end
  return hal
end

return board
