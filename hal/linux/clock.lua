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
  -- The computer's own time is a better guess than none: a damaged offset is made anew.
  if why == "no number" and os.remove(path) then kept = numberFile.open(path, 0) end
  local offsetS = kept and kept.value() or 0
  if why ~= nil then tell(path .. ": " .. why) end
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
      if kept ~= nil then
        local isKept, problem = kept.put(offsetS)
        if not isKept then tell(path .. ": " .. problem) end
      end
    end
  end

  return clock
end
