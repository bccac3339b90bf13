-- Small files that a reader sees whole or not at all, also after a power cut: written beside, synced, renamed.
local uv = require "luv"

local whole = {}

local function syncFolder(path)
  local folder = uv.fs_open(path:match "^(.*)/[^/]*$" or ".", "r", 0)
  if folder ~= nil then
    uv.fs_fsync(folder)
    uv.fs_close(folder)
  end
end

local noSuchFile = 2

-- The content; nil when there is no such file; nil and why when it is there and cannot be read: then nobody may make it anew.
function whole.read(path)
  local file, message, number = io.open(path, "rb")
  if file == nil and number == noSuchFile then return nil end
  if file == nil then return nil, message end
  local content, problem = file:read "a"
  file:close()
  return content, problem
end

-- True, or nil and why. Nobody but the owner reads it (mode 0600).
function whole.write(path, content)
  local temporary = path .. ".tmp"
  local descriptor, message = uv.fs_open(temporary, "w", 384)
  if descriptor == nil then return nil, message end
  local written, problem = uv.fs_write(descriptor, content, 0)
  if written == #content then
    local synced
    synced, problem = uv.fs_fsync(descriptor)
    if not synced then written = nil end
  end
  uv.fs_close(descriptor)
  if written ~= #content then
    uv.fs_unlink(temporary)
    return nil, problem or "the disk is full"
  end
  local renamed
  renamed, problem = uv.fs_rename(temporary, path)
  if not renamed then return nil, problem end
  syncFolder(path)
  return true
end

local noRoom = { "ENOSPC", "EDQUOT", "EFBIG", "the disk is full" }

-- The code of what luv could not write: DISK_FULL for want of room, else `otherwise`.
function whole.codeOf(message, otherwise)
  for _, words in ipairs(noRoom) do
    if message:find(words, 1, true) then return "DISK_FULL" end
  end
  return otherwise
end

whole.syncFolder = syncFolder

return whole
