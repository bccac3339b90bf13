-- The composition of a Linux board: which device answers which part of the Hal. docs/linux-board.md tells how to install it.
local rand = require "openssl.rand"
local config = require "config"
local createClock = require "clock"
local createHash = require "hash"
local createOutputs = require "outputs"
local createUart = require "tty-uart"
local element = require "secure-element"
local flash = require "file-flash"
local printer = require "port-printer"
local system = require "system"
local whole = require "whole-file"

local callBytesMax, uniqueIdBytes = 256, 16

local board = {}

-- Factory number and unique id, written once: `mayMake` on a board without a flash. Returns them, or nil, a code and its facts.
local function identity(home, serial, mayMake)
  local path = home .. "/facts"
  local content, problem = whole.read(path)
  if problem ~= nil then return nil, "FLASH_FILE", { file = path, got = problem } end
  if content == nil then
    if not mayMake then return nil, "FLASH_FILE", { file = path, got = "no file" } end
    if serial == nil then return nil, "BOARD_CONFIG", { field = "serial", expected = "a factory number" } end
    local message
    content = serial .. "\n" .. rand.bytes(uniqueIdBytes)
    _, message = whole.write(path, content)
    if message ~= nil then
      return nil, whole.codeOf(message, "FLASH_FILE"), { file = path, got = message }
    end
  end
  local written, uniqueId = content:match "^([^\n]+)\n(.+)$"
  if written == nil then return nil, "FLASH_FILE", { file = path, got = "no factory number" } end
  if serial ~= nil and serial ~= written then
    return nil, "SERIAL_WRITTEN", { file = path, expected = written, got = serial }
  end
  return { serial = written, uniqueId = uniqueId }
end

-- `values`: config.lua. `wake()`: something came. `tell(message)`: for the log. `openFile` stands under the flash file (the
-- power-cut search). Returns { hal, system, state() }, or nil, a code and its facts.
function board.open(values, wake, tell, openFile)
  local profile, missing = config.profile(values)
  if missing ~= nil then return nil, "IMAGE_FILE", missing end
  if profile == nil then
    return nil, "BOARD_CONFIG", { field = "printer.profile", expected = "a name of docs/printers.md", got = values.printer.profile }
  end
  -- The flash last: a first start that is cut short leaves none without its factory number and keys.
  local flashPath, keys, parts = values.home .. "/flash.bin", nil, nil
  local mayMake = not flash.exists(flashPath)
  local who, code, facts = identity(values.home, values.serial, mayMake)
  if who == nil then return nil, code, facts end
  keys, code, facts = element.open(values.home, mayMake)
  if keys == nil then return nil, code, facts end
  parts, code, facts = flash.open(flashPath, values.fiscalBytes, tell, openFile)
  if parts == nil then return nil, code, facts end
  local port = printer.open(values.printer.port, wake)
  if port == nil then
    return nil, "BOARD_CONFIG", { field = "printer.port", expected = "lp:/dev/usb/lp0, serial:/dev/… or tcp://…", got = values.printer.port }
  end
  local uart = createUart { path = values.tty, baud = values.baud, onReadable = wake }
  local clock = createClock(values.home .. "/clock", tell)
  local own = system.open {
    causePath = values.home .. "/reset-cause",
    uniqueId = who.uniqueId,
    nowMs = clock.monotonicMs,
  }
  local hal = {
    board = {
      kind = "linux",
      serial = who.serial,
      callBytesMax = callBytesMax,
      bootTrust = "os",
      printer = profile,
    },
    state = parts.state,
    scratch = parts.scratch,
    z = parts.z,
    fiscal = parts.fiscal,
    hash = createHash(),
    secureElement = keys,
    uart = uart,
    printer = port,
    clock = clock,
    gpio = createOutputs(values.outputs, port, tell),
    system = own,
  }
  return {
    hal = hal,
    system = own,
    state = function() return { tty = uart.state(), printer = port.state(), flash = parts.health } end,
  }
end

return board
