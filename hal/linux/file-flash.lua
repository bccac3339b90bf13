-- The flash of a Linux board: one file, cut into partitions.
--
--   | state 64 KB | scratch 256 KB | z 1 MB | fiscal ... |
--
-- A program is read (it must be erased), written and brought to the disk by fdatasync before it returns, so that nothing
-- written later can be on the disk without it. The file is made at its full size, every byte 0xff: a disk that fills up
-- later takes no room from it. After a write that failed no more are tried in this life: what the kernel dropped may
-- still be read from its memory.
local uv = require "luv"
local raw = require "raw-file"
local whole = require "whole-file"

local programBytes, sectorBytes = 4, 4096
local kilobyte = 1024
local partitions = { { "state", 64 * kilobyte }, { "scratch", 256 * kilobyte }, { "z", 1024 * kilobyte } }
local makeBytes = 1024 * kilobyte

local flash = {}

local function fixedBytes()
  local sum = 0
  for _, partition in ipairs(partitions) do sum = sum + partition[2] end
  return sum
end

-- Makes the erased file. Returns true, or nil and why; half a file is never left.
local function make(path, capacityBytes)
  local temporary = path .. ".tmp"
  local descriptor, message = uv.fs_open(temporary, "w", 384)
  if descriptor == nil then return nil, message end
  local erased, done = string.rep("\255", makeBytes), 0
  while done < capacityBytes and message == nil do
    local written
    written, message = uv.fs_write(descriptor, erased:sub(1, math.min(makeBytes, capacityBytes - done)), done)
    done = done + (written or 0)
  end
  if message == nil then _, message = uv.fs_fsync(descriptor) end
  uv.fs_close(descriptor)
  if message == nil then _, message = uv.fs_rename(temporary, path) end
  if message ~= nil then
    uv.fs_unlink(temporary)
    return nil, message
  end
  whole.syncFolder(path)
  return true
end

local function partition(file, base, capacityBytes, health)
  local part = { capacityBytes = capacityBytes, programBytes = programBytes, sectorBytes = sectorBytes }

  local function outside(offsetBytes, lengthBytes)
    if offsetBytes < 0 or lengthBytes < 0 or offsetBytes + lengthBytes > capacityBytes then
      return { kind = "outOfBounds", offsetBytes = offsetBytes }
    end
  end

  local function fail(offsetBytes, message)
    if not health.failed then health.tell(message) end
    health.failed = true
    return { kind = "other", offsetBytes = offsetBytes }
  end

  local function store(offsetBytes, data)
    if health.failed then return { kind = "other", offsetBytes = offsetBytes } end
    local done, message = file.write(base + offsetBytes, data)
    if done then done, message = file.sync() end
    if not done then return fail(offsetBytes, message) end
    health.syncs, health.syncedBytes = health.syncs + 1, health.syncedBytes + #data
  end

  function part.read(offsetBytes, lengthBytes)
    local problem = outside(offsetBytes, lengthBytes)
    if problem ~= nil then return problem end
    if lengthBytes == 0 then return "" end
    local bytes, message = file.read(base + offsetBytes, lengthBytes)
    return bytes or fail(offsetBytes, message)
  end

  function part.program(offsetBytes, data)
    local problem = outside(offsetBytes, #data)
    if problem ~= nil then return problem end
    if offsetBytes % programBytes ~= 0 or #data % programBytes ~= 0 then
      return { kind = "notAligned", offsetBytes = offsetBytes }
    end
    local found = part.read(offsetBytes, #data)
    if type(found) == "table" then return found end
    if found:find "[^\255]" then return { kind = "notErased", offsetBytes = offsetBytes } end
    return store(offsetBytes, data)
  end

  function part.eraseSector(offsetBytes)
    local problem = outside(offsetBytes, sectorBytes)
    if problem ~= nil then return problem end
    if offsetBytes % sectorBytes ~= 0 then return { kind = "notAligned", offsetBytes = offsetBytes } end
    return store(offsetBytes, string.rep("\255", sectorBytes))
  end

  return part
end

-- False only when there is no such file: one that cannot be looked at is never made anew.
function flash.exists(path)
  local stat, message = uv.fs_lstat(path)
  return stat ~= nil or message:find "ENOENT" == nil
end

-- Whether this name is the only one: the lock of the home guards a file that no other home can reach.
local function isOwn(path)
  local stat = uv.fs_lstat(path)
  return stat ~= nil and stat.type == "file" and stat.nlink == 1
end

-- Opens the flash, making it when there is none. `fiscalBytes`: room of the log, whole sectors. `tell(message)` hears of the
-- first failed write. Returns { state, scratch, z, fiscal, close, health }, or nil, a code and its facts; `health` counts the
-- writes that are on the disk.
function flash.open(path, fiscalBytes, tell, openFile)
  local capacityBytes = fixedBytes() + fiscalBytes
  if not flash.exists(path) then
    local made, message = make(path, capacityBytes)
    if not made then
      return nil, whole.codeOf(message, "FLASH_FILE"), { file = path, expected = capacityBytes, got = message }
    end
  end
  if not isOwn(path) then
    return nil, "FLASH_FILE", { file = path, expected = "a file with one name", got = "a link" }
  end
  local file, message = (openFile or raw.open)(path)
  if file == nil then return nil, "FLASH_FILE", { file = path, expected = capacityBytes, got = message } end
  if file.sizeBytes() ~= capacityBytes then
    return nil, "FLASH_SIZE", { file = path, expected = capacityBytes, got = file.sizeBytes() }
  end
  local health = { failed = false, tell = tell, syncs = 0, syncedBytes = 0 }
  local parts, base = { close = file.close, health = health }, 0
  for _, cut in ipairs { partitions[1], partitions[2], partitions[3], { "fiscal", fiscalBytes } } do
    parts[cut[1]] = partition(file, base, cut[2], health)
    base = base + cut[2]
  end
  return parts
end

return flash
