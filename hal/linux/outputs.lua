-- Outputs of the board (hal/gpio.ts) as files that take "1" and "0": LEDs under /sys/class/leds, GPIO lines under
-- /sys/class/gpio. One that is not named is ignored, and one that fails does not stop a sale. The drawer hangs on the printer,
-- as in most shops, unless it has a line of its own; that gets its pulse whatever the image does next.
local uv = require "luv"

local drawerPulseMs = 150
-- ESC p 0 25 250: connector pin 2, 50 ms on.
local printerPulse = "\27p\0\25\250"

-- `files`: name of the output → path. `tell(message)` hears once of each that cannot be set.
return function(files, printer, tell)
  local shown, told, pulse = {}, {}, uv.new_timer()
  local gpio = {}

  local function show(output, on)
    local file, message = io.open(files[output], "w")
    local isSet = file ~= nil
    if isSet then isSet, message = file:write(on and "1" or "0") end
    -- What was written may be refused only when it leaves.
    if file ~= nil and isSet then isSet, message = file:close() end
    if isSet then
      shown[output] = on
    elseif not told[output] then
      told[output] = true
      tell(("output %s: %s"):format(output, message))
    end
  end

  local function openDrawer()
    if files.drawer == nil then
      printer.write(printerPulse)
      return
    end
    show("drawer", true)
    pulse:start(drawerPulseMs, 0, function() show("drawer", false) end)
  end

  function gpio.set(output, on)
    if output == "drawer" then
      if on then openDrawer() end
    elseif files[output] ~= nil and shown[output] ~= on then
      show(output, on)
    end
  end

  return gpio
end
