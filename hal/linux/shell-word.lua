-- A text as one word of a command line, so that the shell reads nothing in it.
return function(text) return "'" .. text:gsub("'", "'\\''") .. "'" end
