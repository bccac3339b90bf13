-- A secure element in software: keys by OpenSSL in a file that only its owner reads (mode 0600), made at the first boot.
-- Weaker than a chip: whoever is root can copy the file or put an old counter back. So the board says bootTrust "os".
--
--   element.key      line 1: 32 bytes of the HMAC key, line 2: 32 bytes of the sealing key (hex); then the P-256 key, PEM
--   element.counter  the monotonic counter (number-file.lua)
local cipher = require "openssl.cipher"
local hmac = require "openssl.hmac"
local pkey = require "openssl.pkey"
local rand = require "openssl.rand"
local hexOf = require "hex"
local numberFile = require "number-file"
local p256 = require "p256"
local whole = require "whole-file"

local keyBytes, nonceBytes, tagBytes = 32, 12, 16
local randomBytesMax = 256

local element = {}

local function bytesOf(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function make(path)
  local key = p256.newKey()
  local content = hexOf(rand.bytes(keyBytes)) .. "\n" .. hexOf(rand.bytes(keyBytes)) .. "\n" .. key:toPEM "private"
  local written, message = whole.write(path, content)
  if not written then return nil, message end
  return content
end

-- { sign, mac, seal } or nil.
local function parse(content)
  local macHex, sealHex, pem = content:match "^(%x+)\n(%x+)\n(.+)$"
  if pem == nil or #macHex ~= 2 * keyBytes or #sealHex ~= 2 * keyBytes then return nil end
  local isKey, sign = pcall(pkey.new, pem)
  if not isKey then return nil end
  return { sign = sign, mac = bytesOf(macHex), seal = bytesOf(sealHex) }
end

-- `folder` holds the files; keys are made when `mayMake`, on a board that has no flash yet: on one that has lived, other keys
-- would be another register. Returns the element, or nil, a code and its facts.
function element.open(folder, mayMake)
  local keyPath, counterPath = folder .. "/element.key", folder .. "/element.counter"
  local content, message = whole.read(keyPath)
  if message ~= nil or (content == nil and not mayMake) then
    return nil, "ELEMENT_FILE", { file = keyPath, got = message or "no file" }
  end
  if content == nil then content, message = make(keyPath) end
  if content == nil then
    return nil, whole.codeOf(message, "FLASH_FILE"), { file = keyPath, got = message }
  end
  local keys = parse(content)
  if keys == nil then return nil, "ELEMENT_FILE", { file = keyPath } end
  local counter, problem = numberFile.open(counterPath, mayMake and 0 or nil)
  if counter == nil then
    return nil, whole.codeOf(problem, "ELEMENT_FILE"), { file = counterPath, got = problem }
  end
  local publicKey = p256.publicKey(keys.sign)
  local self = {}

  function self.publicKey() return publicKey end

  function self.sign(digest) return p256.sign(keys.sign, digest) end

  function self.hmac(data) return hmac.new(keys.mac, "sha256"):final(data) end

  function self.seal(plain)
    local nonce = rand.bytes(nonceBytes)
    local gcm = cipher.new("aes-256-gcm"):encrypt(keys.seal, nonce)
    local sealed = gcm:update(plain) .. gcm:final()
    return nonce .. sealed .. gcm:getTag(tagBytes)
  end

  function self.unseal(sealed)
    if #sealed < nonceBytes + tagBytes then return nil end
    local gcm = cipher.new("aes-256-gcm"):decrypt(keys.seal, sealed:sub(1, nonceBytes))
    gcm:setTag(sealed:sub(-tagBytes))
    local plain = gcm:update(sealed:sub(nonceBytes + 1, -tagBytes - 1))
    local rest = gcm:final()
    return rest ~= nil and plain .. rest or nil
  end

  self.counter = counter.value

  function self.counterStep()
    -- A step that is not on the disk is no step: the image stops here and asks again after a restart.
    assert(counter.put(counter.value() + 1))
    return counter.value()
  end

  function self.verifyP256(key, digest, signature) return p256.verify(key, digest, signature) end

  function self.random(lengthBytes)
    assert(lengthBytes <= randomBytesMax, "random gives at most 256 bytes")
    return rand.bytes(lengthBytes)
  end

  return self
end

return element
