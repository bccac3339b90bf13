-- A file under the flash of a Linux board (hal/linux/file-flash.lua) whose computer loses power at a chosen moment: in the
-- middle of a write, or between a write and its sync. What was synced stays; of what was not, each page of the kernel may have reached
-- the disk whole, in part or not at all. The loss is an error that leaves the board.
local raw = require "raw-file"

local pageBytes = 512

local cut = {}

-- Returns { open(path), cutAfter(calls, keptBytes), calls(), spreadBytes }; `open` is what file-flash.lua takes. With
-- `spreadBytes` a torn write also changes so many bytes behind it, as no disk may.
function cut.new(seed)
  local random = seed
  local calls, due, keptBytes = 0, nil, nil
  local self = { spreadBytes = 0 }

  local function below(limit)
    random = (random * 1103515245 + 12345) % 2147483648
    return random // 65536 % limit
  end

  -- Of a write that is not on the disk, each page is there, is not, or is there to a bit.
  local function settle(file, offsetBytes, old, new)
    for first = 1, #new, pageBytes do
      local before, after = old:sub(first, first + pageBytes - 1), new:sub(first, first + pageBytes - 1)
      local share = below(#after + 1)
      local found = ({ before, after, after:sub(1, share) .. before:sub(share + 1), before:sub(1, share) .. after:sub(share + 1) })[below(4) + 1]
      file.write(offsetBytes + first - 1, found)
    end
  end

  local function lose()
    due = nil
    error({ powerLost = true }, 0)
  end

  local function isDue()
    calls = calls + 1
    return due ~= nil and calls >= due
  end

  function self.open(path)
    local file, message = raw.open(path)
    if file == nil then return nil, message end
    local unsynced = {}
    local watched = { read = file.read, sizeBytes = file.sizeBytes }

    local function loseUnsynced()
      for _, write in ipairs(unsynced) do
        settle(file, write.offsetBytes, write.old, write.new)
        file.write(write.offsetBytes + #write.new, string.rep("\0", self.spreadBytes))
      end
      unsynced = {}
      lose()
    end

    function watched.write(offsetBytes, data)
      local old = file.read(offsetBytes, #data)
      local isLost = isDue()
      local new = isLost and keptBytes ~= nil and data:sub(1, keptBytes) .. old:sub(keptBytes + 1) or data
      unsynced[#unsynced + 1] = { offsetBytes = offsetBytes, old = old, new = new }
      file.write(offsetBytes, new)
      if isLost then loseUnsynced() end
      return true
    end

    function watched.sync()
      if isDue() then loseUnsynced() end
      unsynced = {}
      return true
    end

    watched.close = file.close
    return watched
  end

  -- The power fails in the write or sync number `count` from now; of a write at most `bytes` are on their way.
  function self.cutAfter(count, bytes)
    due, keptBytes = calls + count, bytes
  end

  function self.calls() return calls end

  return self
end

return cut
