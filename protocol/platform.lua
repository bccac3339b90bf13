-- Lua's side of platform.d.ts: a string already is bytes.
local byte, char, sub, find, rep = string.byte, string.char, string.sub, string.find, string.rep
local unpack = table.unpack
local platform = {}
function platform.byteAt(bytes, index) return byte(bytes, index + 1) end
function platform.bytesOf(...) return char(...) end
-- By the operator, which collects garbage when the heap is full. What table.concat makes beyond 512 bytes stands in a
-- buffer that asks the allocator itself, and fails although there is garbage.
local function join(parts, first, last)
  local count = last - first
  if count > 3 then
    local middle = first + count // 2
    return join(parts, first, middle) .. join(parts, middle + 1, last)
  elseif count == 3 then
    return parts[first] .. parts[first + 1] .. parts[first + 2] .. parts[last]
  elseif count == 2 then
    return parts[first] .. parts[first + 1] .. parts[last]
  elseif count == 1 then
    return parts[first] .. parts[last]
  end
  return parts[first] or ""
end
function platform.concat(parts) return join(parts, 1, #parts) end
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
