-- The process of a Linux board: lua5.4 main.lua CONFIG [--watch-stdin], started by kassa-board, which holds the lock of its home.
--
-- Loads the image, calls start(hal), and then tick() whenever it is due or something came. Ends with 0 on SIGTERM and with
-- 75 when the image asked for a reset. On SIGUSR1 it says its state as one JSON line on the standard output.
local folder = arg[0]:match "^(.*/)" or "./"
-- Nothing is taken from the folder that it happens to be started in.
local function installed(paths) return ((";" .. paths):gsub(";%./[^;]*", "")) end
package.path, package.cpath = folder .. "?.lua" .. installed(package.path), installed(package.cpath):sub(2)
local refusal = require "refusal"
local refuse = refusal.refuse

for module, package_ in pairs { luv = "lua-luv", openssl = "lua-luaossl" } do
  if not pcall(require, module) then refuse("PACKAGE_MISSING", { package = package_ }) end
end
local uv = require "luv"
local config = require "config"
local board = require "board"
local digest = require "openssl.digest"
local hexOf = require "hex"
local shellWord = require "shell-word"

local function log(message) io.stderr:write("kassa-board: ", message, "\n") end

local function say(line)
  io.stdout:write(line, "\n")
  io.stdout:flush()
end

-- JSON of a text that may hold anything.
local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(char) return ("\\u%04x"):format(char:byte()) end) .. '"'
end

local function wordsOf(failure)
  return type(failure) == "table" and tostring(failure.message) or tostring(failure)
end

-- Its bytes: an image is bytecode, and nothing else is run.
local function readImage(path)
  local file, message = io.open(path, "rb")
  if file == nil then refuse("IMAGE_FILE", { file = path, got = message }) end
  local bytes = file:read "a"
  file:close()
  return bytes
end

local function startImage(bytes, path, hal)
  local chunk, message = load(bytes, "=image", "b")
  if chunk == nil then refuse("IMAGE_FILE", { file = path, got = message }) end
  return chunk().start(hal)
end

-- kassa-board leaves the locked home open as this descriptor. Whether it is locked is known by trying: another lock of the
-- same folder must be refused.
local lockDescriptor = 9
local function holdsLock(home)
  local held, folder = uv.fs_fstat(lockDescriptor), uv.fs_stat(home)
  local isHome = held ~= nil and folder ~= nil and held.dev == folder.dev and held.ino == folder.ino
  return isHome and not os.execute("flock -n " .. shellWord(home) .. " true")
end

-- Devices are looked at so often; one that blinks is nothing to speak of.
local lookMs, absentMs = 500, 2000

-- Tells once each time that a device is away for longer, and when it is back.
local function watcher(code, path)
  local sinceMs, isTold = nil, false
  return function(state)
    local nowMs = uv.hrtime() // 1000000
    if state.open then
      if isTold then log(code .. " is over: " .. path) end
      sinceMs, isTold = nil, false
    elseif not isTold then
      sinceMs = sinceMs or nowMs
      if nowMs - sinceMs >= absentMs then
        isTold = true
        refusal.say(code, { file = path, got = state.reason or "closed" })
      end
    end
  end
end

local function run(path, watchesInput)
  local values, facts = config.load(path)
  if values == nil then refuse("BOARD_CONFIG", facts) end
  if not holdsLock(values.home) then refuse("NOT_LOCKED", { home = values.home }) end
  local timer, isStopping = uv.new_timer(), false
  local function wake() end
  local opened, code, why = board.open(values, wake, log)
  if opened == nil then refuse(code, why) end
  local own = opened.system
  uv.new_signal():start("sigterm", function() isStopping = true end)
  uv.new_signal():start("sigint", function() isStopping = true end)
  if watchesInput then
    local input = uv.new_pipe()
    input:open(0)
    input:read_start(function(_, bytes) isStopping = isStopping or bytes == nil end)
  end

  -- `told` counts the lines: whoever asks knows an answer to his question by it.
  local told = 0
  local function tellState()
    local state = opened.state()
    told = told + 1
    say(('{"told":%d,"heapBytes":%d,"syncs":%d,"syncedBytes":%d,"tty":%s,"printer":%s,"resetCause":"%s"}'):format(
      told, math.ceil(collectgarbage "count" * 1024), state.flash.syncs, state.flash.syncedBytes,
      state.tty.open, state.printer.open, own.resetCause()))
  end
  uv.new_signal():start("sigusr1", tellState)

  local image = readImage(values.image)
  local isWell, tick = pcall(startImage, image, values.image, opened.hal)
  if isWell then
    -- The start may take longer than a step: there is a whole log to look at. systemd bounds it (TimeoutStartSec).
    own.feedWatchdog()
    own.guard()
    say(('{"ready":true,"kind":"linux","serial":%s,"imageSha256":"%s"}'):format(
      quoted(opened.hal.board.serial), hexOf(digest.new("sha256"):final(image))))
  end
  local watchTty = watcher("TTY_ABSENT", values.tty)
  local watchPrinter = watcher("PRINTER_ABSENT", values.printer.port)
  uv.new_timer():start(lookMs, lookMs, function()
    local state = opened.state()
    watchTty(state.tty)
    watchPrinter(state.printer)
  end)
  while isWell and not isStopping do
    local waitMs
    isWell, waitMs = pcall(tick)
    if isWell and waitMs > 0 then
      timer:start(waitMs, 0, wake)
      uv.run "once"
      timer:stop()
    elseif isWell then
      uv.run "nowait"
    else
      tick = waitMs
    end
  end
  if isWell then os.exit(0) end
  log("the image failed: " .. wordsOf(tick))
  own.restart "assert"
end

if arg[1] == nil then
  io.stderr:write "usage: kassa-board CONFIG (an example is in docs/linux-board.md)\n"
  os.exit(2)
end
run(arg[1], arg[2] == "--watch-stdin")
