-- SHA-256 by OpenSSL; at most eight are open at once (hal/hash.ts).
local digest = require "openssl.digest"

local openMax = 8

return function()
  local open, count, last = {}, 0, 0
  local hash = {}

  function hash.open()
    assert(count < openMax, "at most eight hashes are open")
    count, last = count + 1, last + 1
    open[last] = digest.new "sha256"
    return last
  end

  function hash.update(handle, data) open[handle]:update(data) end

  function hash.digest(handle)
    local value = open[handle]:final()
    open[handle], count = nil, count - 1
    return value
  end

  return hash
end
