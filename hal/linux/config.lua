-- The configuration of a board: a Lua file that returns a table and can call nothing.
--
--   serial       factory number (ЗНМ); written once at the first start
--   home         folder of flash, keys and clock
--   image        build/image.luac; printer-profiles.lua is looked for beside it
--   tty          serial line to the host
--   baud         its speed after a start (115200)
--   printer      { profile = "epson-tm-t20", port = "lp:/dev/usb/lp0" }
--   outputs      { ready = "/sys/class/leds/…/brightness", offline = …, blocked = …, buzzer = …, drawer = … } (optional; a
--                drawer that is not named hangs on the printer)
--   fiscalBytes  room of the log, whole sectors of 4096 (62 MB)
local baudDefault = 115200
local fiscalBytesDefault = 62 * 1024 * 1024
local fiscalBytesMin, sectorBytes = 128 * 1024, 4096
local serialBytesMax = 32

local config = {}

local function isText(value) return type(value) == "string" and value ~= "" end

local fields = {
  serial = true, home = true, image = true, tty = true, baud = true, printer = true, outputs = true, fiscalBytes = true,
}
local outputs = { ready = true, offline = true, blocked = true, buzzer = true, drawer = true }

-- The first name that nobody reads, a mistyped one perhaps.
local function unknownIn(values, known)
  local names = {}
  for name in pairs(values) do
    if not known[name] then names[#names + 1] = tostring(name) end
  end
  table.sort(names)
  return names[1]
end

-- What is wrong with it: the name, and what was expected and got; nil when nothing is.
local function problemOf(values)
  for _, name in ipairs { "home", "image", "tty" } do
    if not isText(values[name]) then return name, "a path", values[name] end
  end
  local serial = values.serial
  if serial ~= nil and not (isText(serial) and #serial <= serialBytesMax and not serial:find "%c") then
    return "serial", "1 to 32 characters", serial
  end
  local printer = values.printer
  if type(printer) ~= "table" or not isText(printer.port) then return "printer", "{ profile, port }", printer end
  if not isText(printer.profile) then return "printer.profile", "a name", printer.profile end
  if type(values.outputs) ~= "table" then return "outputs", "a table", values.outputs end
  for name, path in pairs(values.outputs) do
    if outputs[name] and not isText(path) then return "outputs." .. name, "a path", path end
  end
  local unknown = unknownIn(values, fields) or unknownIn(values.outputs, outputs)
  if unknown ~= nil then return unknown, "a field of docs/linux-board.md", "an unknown one" end
  if math.type(values.baud) ~= "integer" or values.baud < 1200 then return "baud", "a speed", values.baud end
  local room = values.fiscalBytes
  if math.type(room) ~= "integer" or room < fiscalBytesMin or room % sectorBytes ~= 0 then
    return "fiscalBytes", ("sectors of %d, at least %d"):format(sectorBytes, fiscalBytesMin), room
  end
end

-- The values, or nil and the facts of BOARD_CONFIG.
function config.load(path)
  local chunk, message = loadfile(path, "t", {})
  if chunk == nil then return nil, { file = path, got = message } end
  local isWhole, values = pcall(chunk)
  if not isWhole or type(values) ~= "table" then return nil, { file = path, expected = "a table", got = values } end
  values.baud = values.baud or baudDefault
  values.fiscalBytes = values.fiscalBytes or fiscalBytesDefault
  values.outputs = values.outputs or {}
  local name, expected, got = problemOf(values)
  if name ~= nil then return nil, { file = path, field = name, expected = expected, got = tostring(got) } end
  return values
end

-- The profile that the configuration names, or nil; nil and the facts of IMAGE_FILE when there are no profiles beside the image.
function config.profile(values)
  local path = (values.image:match "^(.*/)" or "./") .. "printer-profiles.lua"
  local chunk, message = loadfile(path, "t")
  if chunk == nil then return nil, { file = path, got = message } end
  for _, profile in ipairs(chunk().printerProfiles) do
    if profile.name == values.printer.profile then return profile end
  end
end

return config
