/** What every Flash must do (hal/flash.ts): the whole chip, or one partition of it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Flash, FlashError } from "../../hal/flash";
import type { Bytes } from "../../protocol/bytes";

const erased = (count: number): Bytes => "\xff".repeat(count) as Bytes;
const kindOf = (answer: Bytes | FlashError | undefined): string | undefined =>
  typeof answer === "object" ? answer.kind : undefined;

/** `count` program units that hold every byte value in turn. */
const pattern = ({ programBytes }: Flash, count: number): Bytes =>
  String.fromCharCode(...Array.from({ length: count * programBytes }, (_, index) => (index * 7) % 256)) as Bytes;

/** `create` gives an erased flash of at least three sectors. */
export function flashContract(kind: string, create: () => Flash): void {
  test(`${kind} flash: its sizes fit each other`, () => {
    const { capacityBytes, programBytes, sectorBytes } = create();
    assert.ok([1, 2, 4, 8, 16, 32, 64].includes(programBytes));
    assert.is(sectorBytes % programBytes, 0);
    assert.is(capacityBytes % sectorBytes, 0);
  });

  test(`${kind} flash: programmed bytes read back at any offset, over a sector's border, and their neighbours stay erased`, () => {
    const flash = create();
    const data = pattern(flash, 16);
    const offset = flash.sectorBytes - 8 * flash.programBytes;
    assert.is(flash.program(offset, data), undefined);
    assert.is(flash.read(offset - 1, data.length + 2), erased(1) + data + erased(1));
    for (let skip = 0; skip < data.length; skip++) assert.is(flash.read(offset + skip, 1), data.charAt(skip));
    assert.is(flash.read(offset, 0), "");
  });

  test(`${kind} flash: erasing a sector sets it to 0xff and leaves the others`, () => {
    const flash = create();
    const { sectorBytes } = flash;
    const data = pattern(flash, 4);
    for (const sector of [0, 1, 2]) flash.program((sector + 1) * sectorBytes - data.length, data);
    assert.is(flash.eraseSector(sectorBytes), undefined);
    assert.is(flash.read(sectorBytes, sectorBytes), erased(sectorBytes));
    assert.is(flash.read(sectorBytes - data.length, data.length), data);
    assert.is(flash.read(3 * sectorBytes - data.length, data.length), data);
    assert.is(flash.program(sectorBytes, data), undefined, "an erased sector takes bytes again");
  });

  test(`${kind} flash: bytes are programmed once; a refused call changes nothing`, () => {
    const flash = create();
    const data = pattern(flash, 2);
    flash.program(0, data);
    assert.is(kindOf(flash.program(0, data)), "notErased");
    assert.is(kindOf(flash.program(data.length - flash.programBytes, data)), "notErased");
    assert.is(flash.read(0, data.length * 2), data + erased(data.length));
  });

  test(`${kind} flash: calls outside or off the grid are refused`, () => {
    const flash = create();
    const { capacityBytes, programBytes, sectorBytes } = flash;
    const unit = pattern(flash, 1);
    assert.is(kindOf(flash.read(capacityBytes - 1, 2)), "outOfBounds");
    assert.is(kindOf(flash.read(-1, 1)), "outOfBounds");
    assert.is(kindOf(flash.program(capacityBytes, unit)), "outOfBounds");
    assert.is(kindOf(flash.eraseSector(capacityBytes)), "outOfBounds");
    assert.is(kindOf(flash.eraseSector(sectorBytes / 2)), "notAligned");
    if (programBytes > 1) {
      assert.is(kindOf(flash.program(1, unit)), "notAligned");
      assert.is(kindOf(flash.program(0, unit.slice(1) as Bytes)), "notAligned");
    }
    assert.is(flash.read(0, sectorBytes), erased(sectorBytes));
  });
}
