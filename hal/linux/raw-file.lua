-- A file of fixed size with positioned reads and writes (luv). What the flash stands on; the power-cut search puts
-- another object with these functions under it.
local uv = require "luv"

local raw = {}

-- Opens an existing file. Returns nil and luv's message when it cannot.
function raw.open(path)
  local descriptor, message = uv.fs_open(path, "r+", 384) -- 0600
  if descriptor == nil then return nil, message end
  local file = {}

  -- Exactly `lengthBytes`, or nil and why.
  function file.read(offsetBytes, lengthBytes)
    local parts, done = {}, 0
    while done < lengthBytes do
      local part, problem = uv.fs_read(descriptor, lengthBytes - done, offsetBytes + done)
      if part == nil or part == "" then return nil, problem or "the file is too short" end
      parts[#parts + 1] = part
      done = done + #part
    end
    return table.concat(parts)
  end

  -- True once the kernel has all bytes, or nil and why.
  function file.write(offsetBytes, data)
    local done = 0
    while done < #data do
      local written, problem = uv.fs_write(descriptor, done == 0 and data or data:sub(done + 1), offsetBytes + done)
      if written == nil then return nil, problem end
      done = done + written
    end
    return true
  end

  -- True once the disk has them.
  function file.sync() return uv.fs_fdatasync(descriptor) end

  function file.sizeBytes() return uv.fs_fstat(descriptor).size end

  function file.close() uv.fs_close(descriptor) end

  return file
end

return raw
