-- A receipt printer behind a port (hal/printer.ts): "lp:/dev/usb/lp0", "serial:/dev/ttyUSB0?baud=38400[&flow=rtscts]" or
-- "tcp://HOST:9100".
-- Never waits. After a break nothing is taken until the image asks `DLE EOT`, which it does between papers only: else it would
-- go on behind a hole in a receipt. `GS r 1` of the broken paper is swallowed and so never answered; the paper comes again.
local uv = require "luv"
local device = require "device-file"

local tcpPortDefault, tcpPortMax, baudDefault = 9100, 65535, 38400
local reconnectMs = 1000
local writeBytesMax, answerBytesMax = 4096, 4096

-- Bytes over a TCP connection that comes back by itself.
local function tcpPort(host, port, onReadable)
  local socket, isConnected, reason, triedMs, received, breaks = nil, false, nil, nil, "", 0
  local isClosed, isAsking = false, false
  local self = {}

  local function drop(message)
    if socket ~= nil and not socket:is_closing() then socket:close() end
    if isConnected then breaks = breaks + 1 end
    socket, isConnected, reason, received = nil, false, message, ""
  end

  local function arrived(connection, message, bytes)
    if connection ~= socket then return end
    if bytes == nil then return drop(message or "closed by the printer") end
    if #received < answerBytesMax then received = received .. bytes end
    onReadable()
  end

  local function connect(address)
    local connection = uv.new_tcp()
    socket = connection
    connection:nodelay(true)
    connection:keepalive(true, 10)
    connection:connect(address, port, function(message)
      if connection ~= socket then return end
      if message ~= nil then return drop(message) end
      isConnected, reason = true, nil
      connection:read_start(function(problem, bytes) arrived(connection, problem, bytes) end)
      onReadable()
    end)
  end

  local function ready()
    if isConnected then return true end
    local nowMs = uv.hrtime() // 1000000
    -- A resolver that is slow is asked once, not once a second.
    if isAsking or (triedMs ~= nil and nowMs - triedMs < reconnectMs) then return false end
    triedMs, isAsking = nowMs, true
    drop(reason)
    local request = uv.getaddrinfo(host, nil, { socktype = "stream", family = "inet" }, function(message, addresses)
      isAsking = false
      if message ~= nil or addresses[1] == nil then reason = message or "no such host"
      elseif socket == nil and not isClosed then connect(addresses[1].addr) end
    end)
    if request == nil then isAsking, reason = false, "no such host" end
    return false
  end

  function self.write(data)
    if data == "" or not ready() then return 0 end
    local room = math.max(0, writeBytesMax - socket:write_queue_size())
    local taken = data:sub(1, room)
    if taken ~= "" then
      local connection = socket
      connection:write(taken, function(message)
        if message ~= nil and connection == socket then drop(message) end
      end)
    end
    return #taken
  end

  function self.read(lengthMaxBytes)
    ready()
    local taken = received:sub(1, lengthMaxBytes)
    received = received:sub(#taken + 1)
    return taken
  end

  function self.state() return { open = isConnected, reason = reason, breaks = breaks } end

  function self.close()
    isClosed = true
    drop "closed"
  end

  ready()
  return self
end

-- `DLE EOT n` and `GS r 1`, whole: paper may hold the first bytes of one.
local statusQuestion, paperQuestion = "^\16\4[\1-\4]$", "\29r\1"

-- A port that begins anew with a question after each break.
local function wholePapers(port)
  local seenBreaks, hasBroken = 0, false
  local self = { read = port.read, state = port.state, close = port.close }

  function self.write(data)
    local breaks = port.state().breaks
    hasBroken = hasBroken or breaks ~= seenBreaks
    seenBreaks = breaks
    if hasBroken and data == paperQuestion then return #data end
    if hasBroken and not data:find(statusQuestion) then return 0 end
    local taken = port.write(data)
    if taken > 0 then hasBroken = false end
    return taken
  end

  return self
end

local flows = { none = true, rtscts = true }

-- { baud?, flow? } of "?baud=…&flow=…" in any order, or nil for anything else.
local function settingsOf(query)
  local settings = {}
  if query == "" then return settings end
  for word in (query:match "^%?(.+)$" or "?"):gmatch "[^&]+" do
    local name, value = word:match "^(%l+)=(%w+)$"
    if (name ~= "baud" and name ~= "flow") or settings[name] ~= nil then return nil end
    settings[name] = value
  end
  return settings
end

-- The bytes behind an address, or nil when the address is none.
local function portOf(url, onReadable)
  local host, port = url:match "^tcp://([%w%.%-]+):?(%d*)$"
  if host ~= nil then
    local number = math.tointeger(tonumber(port == "" and tcpPortDefault or port))
    return number >= 1 and number <= tcpPortMax and tcpPort(host, number, onReadable) or nil
  end
  local lp = url:match "^lp:(/.+)$"
  if lp ~= nil then return device.open { path = lp, onReadable = onReadable } end
  local tty, query = url:match "^serial:(/[^?]+)(.*)$"
  if tty == nil then return nil end
  local settings = settingsOf(query)
  local baud = settings ~= nil and (settings.baud == nil and baudDefault or math.tointeger(tonumber(settings.baud)))
  if not baud or not flows[settings.flow or "none"] then return nil end
  return device.open { path = tty, baud = baud, isFlowControlled = settings.flow == "rtscts", onReadable = onReadable }
end

local printer = {}

-- The printer of an address, or nil when the address is none.
function printer.open(url, onReadable)
  local port = portOf(url, onReadable)
  return port and wholePapers(port)
end

return printer
