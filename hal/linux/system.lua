-- Reset, cause and watchdog of a Linux board. A process that wants to start anew ends with 75 (systemd starts it again);
-- the cause stands in a file, which the next life takes away. What leaves no file was a power cut or a kill.
local uv = require "luv"
local whole = require "whole-file"

local exitCodes = { request = 75, assert = 70, watchdog = 71 }
local watchdogMs, notifyMs = 4000, 2000
local hookInstructions = 1000000

local system = {}

-- Tells systemd; nothing happens where there is none.
local function notify(message)
  if os.getenv "NOTIFY_SOCKET" == nil then return end
  local child
  child = uv.spawn("systemd-notify", { args = { message } }, function() child:close() end)
end

-- { causePath, uniqueId, nowMs }
function system.open(options)
  local cause = whole.read(options.causePath) or "power"
  os.remove(options.causePath)
  local fedMs, notifiedMs = options.nowMs(), nil
  local self = {}

  -- Ends this life; does not return.
  function self.restart(why)
    whole.write(options.causePath, why)
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
