-- Bytes as hexadecimal digits, lower case.
return function(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end
