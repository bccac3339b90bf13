/** What the image's own Lua (platform.lua) does where Node's side has nothing to fear. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLuaVm } from "../../hal/vm/lua-vm";

const test = suite("platform in Lua");
const platform = readFileSync(fileURLToPath(new URL("../../protocol/platform.lua", import.meta.url)), "utf8");
const heapMaxBytes = 160 * 1024;

/** Small garbage fills the heap to a different mark before each joining: sometimes only collecting it leaves room. */
const joining = (join: string): Buffer =>
  Buffer.from(`
    local platform = (function() ${platform} end)()
    local pieces, values, numbers = {}, {}, {}
    for index = 1, 10 do pieces[index] = string.rep(string.char(64 + index), 400) end
    for index = 1, 4000 do values[index] = index % 256 end
    collectgarbage("setpause", 1000)
    collectgarbage()
    local length = 0
    for count = 1, 200 do
      for index = 1, 7 * count do numbers[1] = count .. " " .. index end
      length = length + #${join}
    end
    return length`);

for (const join of ["platform.concat(pieces)", "platform.packBytes(values)"]) {
  test(`${join} collects garbage before it fails for want of memory`, async () => {
    const vm = await createLuaVm({ memoryMaxBytes: heapMaxBytes });
    try {
      assert.is(vm.call(vm.load(joining(join), "joining"), []), 200 * 4000);
    } finally {
      vm.close();
    }
  });
}

test("any number of pieces is joined in order", async () => {
  const vm = await createLuaVm();
  const chunk = `local platform = (function() ${platform} end)()
    local pieces, joined = {}, { platform.concat({}) }
    for index = 1, 20 do
      pieces[index] = string.char(64 + index)
      joined[#joined + 1] = platform.concat(pieces)
    end
    return joined`;
  const letters = "ABCDEFGHIJKLMNOPQRST";
  assert.equal(
    vm.call(vm.load(Buffer.from(chunk), "joining"), []),
    Array.from({ length: 21 }, (_, count) => letters.slice(0, count)),
  );
  vm.close();
});

test.run();
