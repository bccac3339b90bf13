-- Monotonic time by the kernel. Wall time is the computer's (NTP, a battery) plus what the register was set by; while the
-- computer has lost its time, what the register was set to, counted on.
local uv = require "luv"
local whole = require "whole-file"

-- A computer that says an earlier year has neither battery nor network yet.
local knownSinceUtcS = 1735689600 -- 2025-01-01

-- `path`: the file of the offset in seconds.
return function(path)
  local startedNs = uv.hrtime()
  local offsetS = math.tointeger(tonumber(whole.read(path) or "0")) or 0
  local setTo
  local clock = {}

  -- luv gives nanoseconds as a float.
  function clock.monotonicMs() return math.tointeger((uv.hrtime() - startedNs) // 1000000) end

  function clock.utcS()
    local now = os.time()
    if now >= knownSinceUtcS then return now + offsetS end
    if setTo ~= nil then return setTo.utcS + (clock.monotonicMs() - setTo.atMs) // 1000 end
  end

  function clock.setUtcS(utcS)
    local now = os.time()
    if now < knownSinceUtcS then
      setTo = { utcS = utcS, atMs = clock.monotonicMs() }
    else
      -- Kept, so that the next life goes on with it.
      offsetS = utcS - now
      whole.write(path, ("%d"):format(offsetS))
    end
  end

  return clock
end
