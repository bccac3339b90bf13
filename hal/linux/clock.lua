-- Monotonic time by the kernel. Wall time is the computer's (NTP, a battery) plus what the register was set by; while the
-- computer has lost its time, what the register was set to, counted on.
local uv = require "luv"
local numberFile = require "number-file"

-- A computer that says an earlier year has neither battery nor network yet.
local knownSinceUtcS = 1735689600 -- 2025-01-01

-- `path`: the file of the offset in seconds. `tell(message)` hears that it cannot be kept: then it holds for this life only.
return function(path, tell)
  local startedNs = uv.hrtime()
  local kept, why = numberFile.open(path, 0)
  local offsetS = kept and kept.value() or 0
  if kept == nil then tell(path .. ": " .. why) end
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
      local isKept, problem = kept ~= nil and kept.put(offsetS)
      if not isKept then tell(("%s: %s"):format(path, problem or "not open")) end
    end
  end

  return clock
end
