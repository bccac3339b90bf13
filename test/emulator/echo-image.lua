-- A tiny image for tests of the board: counts its boots on the flash, echoes lines, and misbehaves when told to.
return { start = function(hal)
  local boots = 1
  while hal.state.read((boots - 1) * 4, 4) ~= "\255\255\255\255" do boots = boots + 1 end
  hal.state.program((boots - 1) * 4, "boot")
  local out, received = "boot " .. boots .. " " .. hal.system.resetCause() .. "\n", ""
  local answers = {
    fail = function() error({ message = "assert: #1" }) end,
    reset = function() hal.system.reset() end,
    hang = function() while true do end end,
    print = function() return "taken " .. hal.printer.write("hello\29VB\0") end,
    answers = function() return "answers " .. #hal.printer.read(64) end,
    light = function() hal.gpio.set("ready", true) return "light" end,
    ask = function() return "asked " .. hal.printer.write("\16\4\4") end,
    status = function() hal.printer.write("\16\4\4") return "status " .. hal.printer.read(9):byte() end,
    write = function() hal.fiscal.program(0, ("x"):rep(256)) return "written" end,
    read = function() return "holds " .. #hal.fiscal.read(0, 256):gsub("[^x]", "") end,
    step = function() return "counter " .. hal.secureElement.counterStep() end,
    set = function() hal.clock.setUtcS(1900000000) return "set" end,
    time = function() return "time " .. hal.clock.utcS() end,
    speed = function() hal.uart.setBaud(921600) return "faster" end,
  }
  return function()
    hal.system.feedWatchdog()
    received = received .. hal.uart.read(512)
    local stop = received:find("\n", 1, true)
    if stop then
      local line = received:sub(1, stop - 1)
      received = received:sub(stop + 1)
      out = out .. (answers[line] and answers[line]() or "echo " .. line) .. "\n"
    end
    out = out:sub(hal.uart.write(out) + 1)
    return out == "" and 100 or 1
  end
end }
