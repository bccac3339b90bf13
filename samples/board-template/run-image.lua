-- Runs the image on the board of this folder for a second of its time: lua5.4 samples/board-template/run-image.lua, started in
-- the project's root after npm run build. Its loop is the one that a board needs. Ends with 0 when the image has answered.
local here = arg[0]:match "^(.*/)" or "./"
local imagePath = arg[1] or "build/image.luac"
local runMs, pieceBytes = 1000, 1024

-- An SMP echo of "hello" and its answer (docs/wire-format.md, "Lines and packets").
local question = "\6\9ABMCAAAJAABCAKFhZGVoZWxsb8EJ\n"
local answer = "\6\9ABMDAAAJAABCAKFhcmVoZWxsb"

local function say(...) print(string.format(...)) end

-- A real board first verifies the signature of the image, and loads nothing else (docs/porting.md, "The image"). Loading in
-- pieces needs no room for the whole file.
local function loadImage()
  local file = io.open(imagePath, "rb")
  if file == nil then
    io.stderr:write(imagePath, " is not here: start this in the project's root, after npm ci && npm run build.\n")
    os.exit(2)
  end
  local chunk, message = load(function() return file:read(pieceBytes) end, "=image", "b")
  file:close()
  if chunk == nil then
    io.stderr:write(imagePath, " is no image for this Lua: ", message, ".\n")
    os.exit(2)
  end
  return chunk().start
end

local function wordsOf(failure)
  return type(failure) == "table" and tostring(failure.message or failure.kind) or tostring(failure)
end

local start = loadImage()
local board = dofile(here .. "board.lua")
local world = board.newWorld()

-- One life: start, then tick when it is due. Returns why it ended.
local function live(hal)
  local isWell, tick = pcall(start, hal)
  local ticks, heard, waitMs = 0, "", 0
  if not isWell then return wordsOf(tick) end
  collectgarbage()
  say("started, reset cause %s, heap %.0f KB with the toy board", hal.system.resetCause(), collectgarbage "count")
  world.toBoard = question
  while world.nowMs < runMs do
    isWell, waitMs = pcall(tick)
    if not isWell and waitMs == board.restart then return "reset" end
    if not isWell then return wordsOf(waitMs) end
    ticks = ticks + 1
    heard, world.toHost = heard .. world.toHost, ""
    -- A real board sleeps here, at most so long, and wakes up when a byte comes. A step takes time too.
    board.pass(world, math.max(1, waitMs))
  end
  say("%d ticks in %d ms, %d bytes to the printer", ticks, world.nowMs, world.printedBytes)
  if heard:sub(1, #answer) ~= answer then return ("the echo was not answered, heard %q"):format(heard) end
  say("echo answered: hello")
end

local why = live(board.open(world))
if why ~= nil then
  -- A real board restarts now, with reset cause "assert"; build/asserts.json has the sentence of a number.
  say("the image stopped: %s", why)
  os.exit(1)
end
os.exit(0)
