-- The serial line to the host: a tty in raw mode (a UART, or the device side of a USB gadget). The kernel keeps 4 KB of
-- unread bytes. It does not tell what is still on the wire, so that is reckoned from the speed.
local uv = require "luv"
local device = require "device-file"

local bitsPerByte = 10

-- { path, baud, onReadable() }
return function(options)
  local port = device.open(options)
  local emptyAtMs, nextBaud = 0, nil
  local uart = {}

  local function nowMs() return uv.hrtime() / 1000000 end

  local function applyBaud()
    if nextBaud ~= nil and nowMs() >= emptyAtMs then
      port.setBaud(nextBaud)
      nextBaud = nil
    end
  end

  function uart.read(lengthMaxBytes)
    applyBaud()
    return port.read(lengthMaxBytes)
  end

  function uart.write(data)
    applyBaud()
    local taken = port.write(data)
    if taken > 0 then
      emptyAtMs = math.max(emptyAtMs, nowMs()) + taken * bitsPerByte * 1000 / port.baud
    end
    return taken
  end

  function uart.pendingBytes()
    return math.ceil(math.max(0, emptyAtMs - nowMs()) * port.baud / (bitsPerByte * 1000))
  end

  function uart.setBaud(baud)
    nextBaud = baud
    applyBaud()
  end

  uart.state, uart.close = port.state, port.close
  return uart
end
