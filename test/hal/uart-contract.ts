/** What every Uart must do (hal/uart.ts). `host` is the other end of the wire; `settle` lets all bytes arrive. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Uart } from "../../hal/uart";
import type { Bytes } from "../../protocol/bytes";

export interface UartUnderTest {
  readonly uart: Uart;
  readonly host: { write(bytes: string): void; read(): string };
  readonly settle: () => void;
}

const allBytes = String.fromCharCode(...Array.from({ length: 256 }, (_, value) => value));

export function uartContract(kind: string, create: () => UartUnderTest): void {
  test(`${kind} uart: every byte value passes in both directions, in order`, () => {
    const { uart, host, settle } = create();
    host.write(allBytes);
    settle();
    assert.is(uart.read(100) + uart.read(1000), allBytes);
    assert.is(uart.read(1), "");
    assert.is(uart.write(allBytes as Bytes), 256);
    settle();
    assert.is(host.read(), allBytes);
    assert.is(uart.pendingBytes(), 0);
  });

  test(`${kind} uart: 2048 unread bytes are kept`, () => {
    const { uart, host, settle } = create();
    host.write(allBytes.repeat(8));
    settle();
    assert.is(uart.read(4096), allBytes.repeat(8));
  });

  test(`${kind} uart: write takes what fits and says how much; the rest goes later`, () => {
    const { uart, host, settle } = create();
    let left = allBytes.repeat(40);
    let arrived = "";
    for (let round = 0; left.length > 0 && round < 100; round++) {
      left = left.slice(uart.write(left as Bytes));
      settle();
      arrived += host.read();
    }
    assert.is(arrived, allBytes.repeat(40));
  });
}
