-- The contract of a board over hal/linux, in the Lua of the system: lua5.4 linux-contract.lua ROOT CONFIG [WRONG]
--
-- Beside the board stand: a file whose power can be cut (test/cuts/cut-file.lua), the other end of the line (a
-- pseudo-terminal of `script`, which prints its name), and a life after this one (the board opened anew). WRONG changes the
-- board on purpose: its name is one of `wrongs`.
local root, configPath, wrongName = arg[1], arg[2], arg[3]
package.path = root .. "/hal/linux/?.lua;" .. root .. "/test/cuts/?.lua;" .. package.path
local uv = require "luv"
local board = require "board"
local config = require "config"
local cutFile = require "cut-file"
local contract = dofile(root .. "/build/hal-contract.lua")

-- Device name of a pseudo-terminal and its other end.
local function openLine()
  local toLine, fromLine, name = uv.new_pipe(), uv.new_pipe(), uv.new_pipe()
  local received, tty = "", ""
  local child = uv.spawn("script", {
    args = { "-qefc", "stty raw -echo; tty >&3; exec sleep 2147483647", "/dev/null" },
    stdio = { toLine, fromLine, 2, name },
  })
  name:read_start(function(_, bytes) tty = tty .. (bytes or "") end)
  fromLine:read_start(function(_, bytes) received = received .. (bytes or "") end)
  while not tty:find "\n" do uv.run "once" end
  local line = { tty = tty:match "%S+" }
  -- Its shell ends with the pseudo-terminal.
  function line.close() child:kill "sigkill" end
  function line.write(data) toLine:write(data) end
  function line.read()
    uv.run "nowait"
    local taken = received
    received = ""
    return taken
  end
  return line
end

local wrongs = {
  programsAnyway = function(hal)
    local program = hal.scratch.program
    hal.scratch.program = function(offsetBytes, data)
      local problem = program(offsetBytes, data)
      if problem ~= nil and problem.kind == "notErased" then return nil end
      return problem
    end
  end,
  cutSpreads = function(hal, power)
    -- Bytes behind those of the torn call are changed too.
    power.spreadBytes = 64
  end,
  counterGoesDown = function(hal)
    local counter, step = hal.secureElement.counter, hal.secureElement.counterStep
    hal.secureElement.counterStep = function() return step() - 2 end
    hal.secureElement.counter = counter
  end,
  clockGoesBack = function(hal)
    local clock = hal.clock
    local monotonicMs, setUtcS, shiftMs = clock.monotonicMs, clock.setUtcS, 0
    clock.monotonicMs = function() return monotonicMs() + shiftMs end
    clock.setUtcS = function(utcS)
      shiftMs = shiftMs + (utcS - clock.utcS()) * 1000
      setUtcS(utcS)
    end
  end,
}

local values = assert(config.load(configPath))
local line = openLine()
values.tty = line.tty
local power = cutFile.new(7)
local function tell(message) io.stderr:write(message, "\n") end

local function openBoard()
  local opened, code, facts = board.open(values, function() end, tell, power.open)
  if opened == nil then
    local words = {}
    for name, value in pairs(facts) do words[#words + 1] = name .. "=" .. tostring(value) end
    error(code .. " " .. table.concat(words, " "))
  end
  if wrongName ~= nil then wrongs[wrongName](opened.hal, power) end
  return opened
end

local opened = openBoard()
local hal = opened.hal

local function cut(act)
  local isWhole, failure = pcall(act)
  assert(not isWhole and type(failure) == "table" and failure.powerLost, "the power did not fail")
end

-- The table that the contract holds is the board of every life.
local function reborn()
  hal.uart.close()
  hal.printer.close()
  opened = openBoard()
  for name, device in pairs(opened.hal) do hal[name] = device end
  return hal
end

local probe = {
  cutProgram = function(part, offsetBytes, data, afterBytes)
    power.cutAfter(1, afterBytes)
    cut(function() hal[part].program(offsetBytes, data) end)
  end,
  cutErase = function(part, offsetBytes)
    power.cutAfter(2)
    cut(function() hal[part].eraseSector(offsetBytes) end)
  end,
  reboot = reborn,
  waitMs = function(ms)
    uv.sleep(ms)
    uv.run "nowait"
  end,
  lineWrite = line.write,
  lineRead = line.read,
}

-- Connections come up.
for _ = 1, 20 do
  hal.printer.read(1)
  uv.sleep(5)
  uv.run "nowait"
end
local failed = contract.run(hal, probe, print)
line.close()
io.stdout:flush()
os.exit(failed == 0 and 0 or 1)
