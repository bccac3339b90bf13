-- A whole number in a file of fixed size, made once: a disk that is full later takes no write from it. Two slots, each with its
-- own proof; a write goes over the older one and is on the disk before it counts, so that a cut leaves the other.
--
--   slot: turn, space, number, space, first 16 hex digits of the SHA-256 of what stands before, line feed, spaces: 4096 bytes,
--   so that no block of a disk holds both
local digest = require "openssl.digest"
local hexOf = require "hex"
local raw = require "raw-file"
local whole = require "whole-file"

local slotBytes = 4096
local proofBytes = 8

local numberFile = {}

local function proofOf(words) return hexOf(digest.new("sha256"):final(words):sub(1, proofBytes)) end

local function slotOf(turn, number)
  local words = ("%d %d"):format(turn, number)
  local text = words .. " " .. proofOf(words) .. "\n"
  return text .. (" "):rep(slotBytes - #text)
end

-- { turn, number } of a slot, or nil when it is torn.
local function slotIn(text)
  local words, proof = text:match "^(%d+ %-?%d+) (%x+)\n"
  if words == nil or proof ~= proofOf(words) then return nil end
  local turn, number = words:match "^(%d+) (.+)$"
  return { turn = math.tointeger(tonumber(turn)), number = math.tointeger(tonumber(number)) }
end

-- The newer of both slots, or nil when there is none. A file of an earlier release holds the number's digits only.
local function newestIn(content)
  local digits = content:match "^%-?%d+$"
  if digits ~= nil then return { turn = 0, number = math.tointeger(tonumber(digits)) } end
  local first, second = slotIn(content:sub(1, slotBytes)), slotIn(content:sub(slotBytes + 1))
  if first == nil or second == nil then return first or second end
  return first.turn > second.turn and first or second
end

-- Opens the number; makes the file when there is none and `initial` is told. Returns { value(), put(number) }, or nil and why;
-- `put` returns true once the disk has it, or nil and why: then the value is the one before.
function numberFile.open(path, initial)
  local content, message = whole.read(path)
  if message ~= nil then return nil, message end
  if content == nil and initial == nil then return nil, "no file" end
  local held = content == nil and { turn = 0, number = initial } or newestIn(content)
  if held == nil then return nil, "no number" end
  if content == nil or #content ~= 2 * slotBytes then
    local made, problem = whole.write(path, slotOf(held.turn, held.number):rep(2))
    if not made then return nil, problem end
  end
  local file, problem = raw.open(path)
  if file == nil then return nil, problem end
  local self = {}

  function self.value() return held.number end

  function self.put(number)
    local turn = held.turn + 1
    local done, why = file.write(turn % 2 * slotBytes, slotOf(turn, number))
    if done then done, why = file.sync() end
    if not done then return nil, why end
    held = { turn = turn, number = number }
    return true
  end

  return self
end

return numberFile
