-- Lua's side of platform.d.ts: a string already is bytes.
local byte, char, sub, find, rep = string.byte, string.char, string.sub, string.find, string.rep
local concat, unpack = table.concat, table.unpack
local platform = {}
function platform.byteAt(bytes, index) return byte(bytes, index + 1) end
function platform.bytesOf(...) return char(...) end
-- table.concat makes more than 512 bytes in a buffer that asks the allocator itself: when that has no more, no garbage
-- is collected before it fails. So it is tried again after a collection.
function platform.concat(parts)
  local isWhole, whole = pcall(concat, parts)
  if isWhole then return whole end
  collectgarbage()
  return concat(parts)
end
function platform.slice(bytes, first, last) return sub(bytes, first + 1, last) end
function platform.utf8(text) return text end
function platform.textOf(bytes) return bytes end
platform["repeat"] = function(value, count) return rep(char(value), count) end
function platform.indexOf(bytes, needle, start)
  local at = find(bytes, needle, start + 1, true)
  return at and at - 1 or -1
end
function platform.packBytes(values)
  local parts, count = {}, #values
  for first = 1, count, 128 do
    parts[#parts + 1] = char(unpack(values, first, math.min(first + 127, count)))
  end
  return platform.concat(parts)
end
-- A value is never nil.
local Map = {}
Map.__index = Map
function Map.get(map, key) return map.items[key] end
function Map.has(map, key) return map.items[key] ~= nil end
function Map.set(map, key, value)
  if map.items[key] == nil then
    map.size = map.size + 1
    map.keys[map.size] = key
  end
  map.items[key] = value
  return map
end
function Map.forEach(map, callback)
  for index = 1, map.size do
    local key = map.keys[index]
    callback(nil, map.items[key], key, map)
  end
end
function platform.newMap() return setmetatable({ items = {}, keys = {}, size = 0 }, Map) end
return platform
