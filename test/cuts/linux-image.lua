-- The image on the flash of a Linux board whose power can be cut: in place of the image in test/fuzz/lua54-machine.lua. The flash
-- is hal/linux/file-flash.lua over cut-file.lua, in this process; all other devices are those of the HAL that comes.
--
--   hal.linux   image       the image to run
--               searchPath  where file-flash.lua and cut-file.lua are, as package.path has it
--               file        the flash; fiscalBytes: room of its log
--               cutAtCall   the write or sync in which the power fails, counted from the start (optional); of a write
--                           keptBytes are on their way (all of them unless told)
--               seed        of what then stands on the disk
--               note()      called before each write and sync (optional)
--               lost()      called when the power has failed; does not return
local opened, start

local function load(linux)
  package.path = linux.searchPath .. ";" .. package.path
  start = loadfile(linux.image, "b")().start
end

local function openFile(power, note)
  return function(path)
    local file, message = power.open(path)
    if file == nil or note == nil then return file, message end
    local write, sync = file.write, file.sync
    function file.write(...)
      note()
      return write(...)
    end
    function file.sync()
      note()
      return sync()
    end
    return file
  end
end

-- A partition that takes the power's loss to whoever runs this board, and is dead afterwards.
local function mortal(part, linux, power)
  local self = {}
  for name, value in pairs(part) do self[name] = value end
  for _, name in ipairs { "read", "program", "eraseSector" } do
    self[name] = function(...)
      if power.isLost then error("no power", 0) end
      local isWell, result = pcall(part[name], ...)
      if isWell then return result end
      power.isLost = type(result) == "table" and result.powerLost
      if power.isLost then linux.lost() end
      error(result, 0)
    end
  end
  return self
end

return {
  start = function(hal)
    local linux = hal.linux
    if start == nil then load(linux) end
    if opened ~= nil then opened.close() end
    local power = require "cut-file".new(linux.seed)
    if linux.cutAtCall ~= nil then power.cutAfter(linux.cutAtCall, linux.keptBytes) end
    local code, facts
    opened, code, facts = require "file-flash".open(linux.file, linux.fiscalBytes, function() end, openFile(power, linux.note))
    if opened == nil then error(("%s: %s"):format(code, facts.got), 0) end
    for _, name in ipairs { "state", "scratch", "z", "fiscal" } do hal[name] = mortal(opened[name], linux, power) end
    return start(hal)
  end,
}
