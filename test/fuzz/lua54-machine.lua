--[[
Runs an image in the Lua 5.4 of the system. What Node asks comes on standard input, what the image asks of its HAL goes out
on standard output; one side speaks at a time.

  message   | length u32 | kind, one letter | values |         length counts the kind and the values

  Node      b hal        power comes: start(hal); whatever ran before is forgotten
            t            tick()
            r value      what a HAL function answered
            x            a HAL function threw: this life is over
  image     c id values  calls a HAL function
            d value      start or tick has ended, and answered this
            f text       it has failed
            x            it has ended because a HAL function threw

  value     n | t | f | i int64 | s length u32, bytes | m count u32, key value … | c id u32
            nil, true, false, an integer, a string, a table with string keys, a function of the HAL
]]
local messageBytesMax = 1024 * 1024
local depthMax = 8

local imagePath = assert(arg[1], "usage: lua5.4 lua54-machine.lua <image>")
local pack, unpack = string.pack, string.unpack
local input, output = io.stdin, io.stdout
output:setvbuf("full")

--- After a HAL function threw, every further call of this life fails: lost power does not come back in a pcall.
local isOver = false
local overError = "the host has ended this life"

local function readExactly(bytes)
  local data, problem = input:read(bytes)
  if problem ~= nil then error(problem) end
  -- Node has closed the pipe: nobody is left to work for.
  if data == nil or #data < bytes then os.exit(0) end
  return data
end

local function receive()
  local length = unpack("<I4", readExactly(4))
  assert(length >= 1 and length <= messageBytesMax, "a message is too long")
  local body = readExactly(length)
  return body:sub(1, 1), body
end

local function send(parts)
  local body = table.concat(parts)
  output:write(pack("<I4", #body), body)
  output:flush()
end

local function encode(value, parts)
  if value == nil then
    parts[#parts + 1] = "n"
  elseif type(value) == "boolean" then
    parts[#parts + 1] = value and "t" or "f"
  elseif math.type(value) == "integer" then
    parts[#parts + 1] = pack("<c1i8", "i", value)
  elseif type(value) == "string" then
    parts[#parts + 1] = pack("<c1s4", "s", value)
  else
    error("a HAL value must not be a " .. (math.type(value) or type(value)))
  end
end

local call

local function decode(body, at, depth)
  assert(depth <= depthMax, "a value is too deep")
  local tag = body:sub(at, at)
  at = at + 1
  if tag == "n" then return nil, at end
  if tag == "t" then return true, at end
  if tag == "f" then return false, at end
  if tag == "i" then return unpack("<i8", body, at) end
  if tag == "s" then return unpack("<s4", body, at) end
  if tag == "c" then
    local id, after = unpack("<I4", body, at)
    return function(...) return call(id, ...) end, after
  end
  assert(tag == "m", "a value has a known tag")
  local count, fields = nil, {}
  count, at = unpack("<I4", body, at)
  for _ = 1, count do
    local key
    key, at = unpack("<s4", body, at)
    fields[key], at = decode(body, at, depth + 1)
  end
  return fields, at
end

call = function(id, ...)
  if isOver then error(overError, 0) end
  local parts = { pack("<c1I4", "c", id) }
  for index = 1, select("#", ...) do encode((select(index, ...)), parts) end
  send(parts)
  local kind, body = receive()
  if kind == "x" then
    isOver = true
    error(overError, 0)
  end
  assert(kind == "r", "a call is answered")
  return (decode(body, 2, 0))
end

local function wordsOf(failure)
  if type(failure) == "table" then return tostring(failure.message or "an error without words") end
  return tostring(failure)
end

local function run(step, ...)
  local isWell, result = pcall(step, ...)
  if isOver then
    send({ "x" })
    return nil
  end
  if not isWell then
    send({ "f", pack("<c1s4", "s", wordsOf(result)) })
    return nil
  end
  local parts = { "d" }
  encode(type(result) ~= "function" and result or nil, parts)
  send(parts)
  return result
end

local file = assert(io.open(imagePath, "rb"))
local start = assert(load(file:read("a"), "=image", "b"))().start
file:close()

local tick
while true do
  local kind, body = receive()
  isOver = false
  if kind == "b" then
    tick = nil
    tick = run(start, (decode(body, 2, 0)))
  else
    assert(kind == "t", "start or tick")
    run(tick)
  end
end
