-- ECDSA over P-256 of a ready digest, from what lua-luaossl offers (FIPS 186-5 §6.4, SEC 1 §4.1).
--
-- luaossl signs and verifies messages, never a digest that was made elsewhere, and the HAL's element gets digests. So:
--   sign    the nonce and its point are an ephemeral key that OpenSSL makes (its own random numbers, its own constant-time
--           multiplication); what remains are four operations modulo the order, on OpenSSL's bignums.
--   verify  sees public values only: u1 G + u2 Q by Shamir's trick in Jacobian coordinates, on OpenSSL's bignums.
local bignum = require "openssl.bignum"
local pkey = require "openssl.pkey"

local coordinateBytes = 32
local zero, one = bignum.new(0), bignum.new(1)

-- SEC 2 §2.4.2.
local p = bignum.new("0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
local b = bignum.new("0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
local order = bignum.new("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
local generatorX = bignum.new("0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
local generatorY = bignum.new("0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
local half = order // 2
local orderMinus2, pMinus2 = order - 2, p - 2

-- 32 bytes, big-endian.
local function toBytes(number)
  local bytes = number:toBinary()
  return string.rep("\0", coordinateBytes - #bytes) .. bytes
end

local function fromBytes(bytes) return bignum.fromBinary(bytes) end

-- By Fermat: the modulus is prime.
local function inverse(number, modulus, modulusMinus2) return number:mod_exp(modulusMinus2, modulus) end

-- Points: {x, y, z} in Jacobian coordinates; nil is the point at infinity.

local function double(point)
  if point == nil or point[2] == zero then return nil end
  local x, y, z = point[1], point[2], point[3]
  -- dbl-2001-b of the Explicit-Formulas Database, for a = -3.
  local delta, gamma = z:mod_sqr(p), y:mod_sqr(p)
  local beta = x:mod_mul(gamma, p)
  local alpha = x:mod_sub(delta, p):mod_mul(x:mod_add(delta, p), p)
  alpha = alpha:mod_add(alpha, p):mod_add(alpha, p)
  local beta2 = beta:mod_add(beta, p)
  local beta4 = beta2:mod_add(beta2, p)
  local x3 = alpha:mod_sqr(p):mod_sub(beta4:mod_add(beta4, p), p)
  local z3 = y:mod_add(z, p):mod_sqr(p):mod_sub(gamma, p):mod_sub(delta, p)
  local gamma2 = gamma:mod_add(gamma, p)
  local gammaSquared8 = gamma2:mod_sqr(p)
  gammaSquared8 = gammaSquared8:mod_add(gammaSquared8, p)
  return { x3, alpha:mod_mul(beta4:mod_sub(x3, p), p):mod_sub(gammaSquared8, p), z3 }
end

-- `affine` has z = 1.
local function add(point, affine)
  if point == nil then return affine end
  if affine == nil then return point end
  local x1, y1, z1 = point[1], point[2], point[3]
  local z1z1 = z1:mod_sqr(p)
  local u2, s2 = affine[1]:mod_mul(z1z1, p), affine[2]:mod_mul(z1, p):mod_mul(z1z1, p)
  local h, r = u2:mod_sub(x1, p), s2:mod_sub(y1, p)
  if h == zero then return r == zero and double(point) or nil end
  local hh = h:mod_sqr(p)
  local hhh, v = h:mod_mul(hh, p), x1:mod_mul(hh, p)
  local x3 = r:mod_sqr(p):mod_sub(hhh, p):mod_sub(v:mod_add(v, p), p)
  return { x3, r:mod_mul(v:mod_sub(x3, p), p):mod_sub(y1:mod_mul(hhh, p), p), z1:mod_mul(h, p) }
end

local function toAffine(point)
  if point == nil then return nil end
  local inverseZ = inverse(point[3], p, pMinus2)
  local square = inverseZ:mod_sqr(p)
  return { point[1]:mod_mul(square, p), point[2]:mod_mul(square, p):mod_mul(inverseZ, p), one }
end

local function bitsOf(number)
  local bits = {}
  for byte in toBytes(number):gmatch(".") do
    local value = byte:byte()
    for shift = 7, 0, -1 do bits[#bits + 1] = value >> shift & 1 end
  end
  return bits
end

-- u1 G + u2 Q: one run over both scalars.
local function sumOfProducts(u1, u2, point)
  local generator = { generatorX, generatorY, one }
  local table = { [1] = generator, [2] = point, [3] = toAffine(add(generator, point)) }
  local first, second = bitsOf(u1), bitsOf(u2)
  local sum
  for index = 1, #first do
    sum = double(sum)
    local which = first[index] + 2 * second[index]
    if which > 0 then sum = add(sum, table[which]) end
  end
  return sum
end

-- The point of 65 bytes; nil when it is none or off the curve.
local function pointOf(publicKey)
  if #publicKey ~= 2 * coordinateBytes + 1 or publicKey:byte(1) ~= 4 then return nil end
  local x, y = fromBytes(publicKey:sub(2, 33)), fromBytes(publicKey:sub(34, 65))
  if x >= p or y >= p then return nil end
  local three = x:mod_add(x, p):mod_add(x, p)
  local right = x:mod_sqr(p):mod_mul(x, p):mod_sub(three, p):mod_add(b, p)
  if y:mod_sqr(p) ~= right then return nil end
  return { x, y, one }
end

local p256 = {}

function p256.newKey() return pkey.new { type = "EC", curve = "prime256v1" } end

-- Uncompressed, 65 bytes.
function p256.publicKey(key) return key:getParameters().pub_key:toBinary() end

-- r, s of a 32-byte digest, 64 bytes, s in the lower half.
function p256.sign(key, digest)
  local z, private = fromBytes(digest), key:getParameters().priv_key
  while true do
    local ephemeral = p256.newKey():getParameters()
    local nonce = ephemeral.priv_key
    local r = fromBytes(ephemeral.pub_key:toBinary():sub(2, 33)) % order
    local s = inverse(nonce, order, orderMinus2):mod_mul(z:mod_add(r:mod_mul(private, order), order), order)
    if s > half then s = order - s end
    if r ~= zero and s ~= zero then return toBytes(r) .. toBytes(s) end
  end
end

function p256.verify(publicKey, digest, signature)
  if #digest ~= coordinateBytes or #signature ~= 2 * coordinateBytes then return false end
  local point = pointOf(publicKey)
  local r, s = fromBytes(signature:sub(1, 32)), fromBytes(signature:sub(33, 64))
  if point == nil or r == zero or s == zero or r >= order or s >= order then return false end
  local w = inverse(s, order, orderMinus2)
  local sum = toAffine(sumOfProducts(fromBytes(digest):mod_mul(w, order), r:mod_mul(w, order), point))
  return sum ~= nil and sum[1] % order == r
end

return p256
