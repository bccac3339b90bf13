-- Lua's side of vm.d.ts: a Lua built with LUA_32BITS reads the number as a float, or wraps.
return {
  hasIntegers64 = function()
    return math.type ~= nil and math.type(math.maxinteger) == "integer" and math.maxinteger // 4294967296 == 2147483647
  end,
  isInteger = function(value) return math.type(value) == "integer" end,
}
