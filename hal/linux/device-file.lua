-- A character device that comes and goes: opened when it is there, dropped when it fails, opened again after a pause.
-- Never waits. Used for the line to the host, and for printers behind /dev/usb/lp0 or a serial port.
local uv = require "luv"
local shellWord = require "shell-word"

local reopenMs = 500
local readBytesMax = 4096
local constants = uv.constants

local device = {}

-- Raw mode, speed and flow control; stty waits until what was written has left (TCSADRAIN).
function device.setLine(path, baud, isFlowControlled)
  local flow = isFlowControlled and "crtscts" or "-crtscts"
  return os.execute(("stty -F %s raw -echo clocal %s %d 2>/dev/null"):format(shellWord(path), flow, baud)) == true
end

-- "fifo": a named pipe that is opened for reading too gives back what was written. "file": it takes all and prints nothing.
local function typeOf(path)
  local stat = uv.fs_stat(path)
  return stat ~= nil and stat.type or nil
end

-- Busy, or out of paper, as usblp says it: the bytes are offered again.
local busyCodes = { "EAGAIN", "EBUSY", "EINTR", "ENOSPC" }
-- Nothing came; EIO is a read of usblp that failed. A printer that is gone fails to write.
local silentCodes = { "EBADF", "EINVAL", "EINTR", "EIO" }

local function isOneOf(codes, message)
  for _, code in ipairs(codes) do
    if message:find(code, 1, true) then return true end
  end
  return false
end

-- { path, baud?, isFlowControlled?, onReadable() }: with `baud` it is a serial line. A device that gives no reading is written
-- only.
function device.open(options)
  local path = options.path
  local descriptor, poll, reason, triedMs
  local breaks = 0
  local self = { baud = options.baud }

  local function drop(message)
    if poll ~= nil then
      poll:stop()
      poll:close()
      poll = nil
    end
    if descriptor ~= nil then
      uv.fs_close(descriptor)
      breaks = breaks + 1
    end
    descriptor, reason = nil, message
  end

  local function try(flags)
    return uv.fs_open(path, flags + constants.O_NOCTTY + constants.O_NONBLOCK, 0)
  end

  -- True when it is open now.
  local function ready()
    if descriptor ~= nil then return true end
    local nowMs = uv.hrtime() // 1000000
    if triedMs ~= nil and nowMs - triedMs < reopenMs then return false end
    triedMs = nowMs
    local kind = typeOf(path)
    if kind == "file" then
      reason = path .. " is no device"
      return false
    end
    local opened, message
    if kind ~= "fifo" then opened, message = try(constants.O_RDWR) end
    local canRead = opened ~= nil
    if not canRead and options.baud == nil then opened, message = try(constants.O_WRONLY) end
    if opened == nil then
      reason = message
      return false
    end
    if options.baud ~= nil and not device.setLine(path, self.baud, options.isFlowControlled) then
      uv.fs_close(opened)
      reason = path .. " is no serial port"
      return false
    end
    descriptor, reason = opened, nil
    if canRead then
      poll = uv.new_poll(descriptor)
      -- What cannot be polled is read at every tick all the same.
      if poll ~= nil then poll:start("r", options.onReadable) end
    end
    return true
  end

  -- What has come, at most `lengthBytesMax`.
  function self.read(lengthBytesMax)
    if not ready() then return "" end
    local bytes, message = uv.fs_read(descriptor, math.min(lengthBytesMax, readBytesMax))
    if bytes ~= nil and bytes ~= "" then return bytes end
    if bytes == nil and message:find "EAGAIN" then return "" end
    -- An end of file is a hang-up on a serial line; a printer simply has nothing to say.
    if bytes == "" and options.baud == nil then return "" end
    if bytes == nil and options.baud == nil and isOneOf(silentCodes, message) then return "" end
    drop(message or "hung up")
    return ""
  end

  -- Takes what fits and returns how many bytes.
  function self.write(data)
    if data == "" or not ready() then return 0 end
    local written, message = uv.fs_write(descriptor, data)
    if written ~= nil then return written end
    if not isOneOf(busyCodes, message) then drop(message) end
    return 0
  end

  -- True when the line has this speed now.
  function self.setBaud(baud)
    self.baud = baud
    return descriptor == nil or device.setLine(path, baud, options.isFlowControlled)
  end

  -- `breaks`: how often it was open and then was not.
  function self.state() return { open = descriptor ~= nil, reason = reason, breaks = breaks } end

  function self.close() drop "closed" end

  ready()
  return self
end

return device
