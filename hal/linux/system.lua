-- Reset, cause and watchdog of a Linux board. A process that wants to start anew ends with 75 (systemd starts it again);
-- the cause stands in a file, where each life says "power" at once: that is what a power cut or a kill leaves. The file keeps
-- its place, so that a full disk takes no cause.
local uv = require "luv"
local raw = require "raw-file"
local whole = require "whole-file"

local exitCodes = { request = 75, assert = 70, watchdog = 71 }
local watchdogMs, notifyMs = 4000, 2000
local hookInstructions = 1000000

local causeBytes = 16

local system = {}

local function readCause(path)
  local cause = (whole.read(path) or ""):match "%a+"
  return exitCodes[cause] ~= nil and cause or "power"
end

-- Over what stands there, as the unit of systemd does.
local function writeCause(path, cause)
  local words = cause .. (" "):rep(causeBytes - #cause)
  local file = raw.open(path)
  if file == nil then return whole.write(path, words) end
  if file.write(0, words) then file.sync() end
  file.close()
end

-- Tells systemd; nothing happens where there is none.
local function notify(message)
  if os.getenv "NOTIFY_SOCKET" == nil then return end
  local child
  child = uv.spawn("systemd-notify", { args = { message } }, function() child:close() end)
end

-- { causePath, uniqueId, nowMs }
function system.open(options)
  local cause = readCause(options.causePath)
  writeCause(options.causePath, "power")
  local fedMs, notifiedMs = options.nowMs(), nil
  local self = {}

  -- Ends this life; does not return.
  function self.restart(why)
    writeCause(options.causePath, why)
    io.stdout:flush()
    os.exit(exitCodes[why])
  end

  function self.resetCause() return cause end

  function self.reset() self.restart "request" end

  function self.feedWatchdog()
    fedMs = options.nowMs()
    if notifiedMs == nil or fedMs - notifiedMs >= notifyMs then
      notify(notifiedMs == nil and "READY=1" or "WATCHDOG=1")
      notifiedMs = fedMs
    end
  end

  function self.uniqueId() return options.uniqueId end

  -- A computer tells nobody that its supply is failing.
  function self.powerGood() return true end

  -- A step that does not end is ended: the image cannot catch it.
  function self.guard()
    debug.sethook(function()
      if options.nowMs() - fedMs > watchdogMs then self.restart "watchdog" end
    end, "", hookInstructions)
  end

  return self
end

return system
