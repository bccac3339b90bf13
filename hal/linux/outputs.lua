-- Outputs of the board (hal/gpio.ts) as files that take "1" and "0": LEDs under /sys/class/leds, GPIO lines under
-- /sys/class/gpio. One that is not named is ignored, and one that fails does not stop a sale.

-- `files`: name of the output → path.
return function(files)
  local shown = {}
  local gpio = {}

  function gpio.set(output, on)
    local path = files[output]
    if path == nil or shown[output] == on then return end
    local file = io.open(path, "w")
    if file == nil then return end
    file:write(on and "1" or "0")
    file:close()
    shown[output] = on
  end

  return gpio
end
