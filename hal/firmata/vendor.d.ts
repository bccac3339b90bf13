/** The parts of johnny-five 2.1 and firmata-io 2.3 that hal/firmata uses; neither package brings types. */
declare module "firmata-io" {
  import type { EventEmitter } from "node:events";
  import type { Duplex } from "node:stream";

  class Firmata extends EventEmitter {
    constructor(transport: Duplex, options: { readonly reportVersionTimeout: number });
    readonly MODES: Readonly<Record<"INPUT" | "OUTPUT" | "PULLUP" | "I2C" | "SERIAL", number>>;
    /** By number, as the device has told. */
    readonly pins: readonly { readonly supportedModes: readonly number[] }[];
    /** Asks for the version after `reportVersionTimeout`. */
    readonly reportVersionTimeoutId: NodeJS.Timeout;
    pinMode(pin: number, mode: number): void;
    /** The answer is the event `pin-state-<pin>`. */
    queryPinState(pin: number, told: () => void): void;
    i2cConfig(delayUs: number): void;
    i2cWrite(address: number, bytes: readonly number[]): void;
    /** The answer is the event `I2C-reply-<address>-0`. */
    i2cReadOnce(address: number, lengthBytes: number, told: () => void): void;
    serialConfig(options: { readonly portId: number; readonly baud: number }): void;
    serialRead(portId: number, lengthMaxBytes: number, told: (bytes: readonly number[]) => void): void;
    serialWrite(portId: number, bytes: readonly number[]): void;
  }
  const firmataIo: { readonly Firmata: typeof Firmata };
  export default firmataIo;
  export type { Firmata };
}

declare module "johnny-five" {
  import type { EventEmitter } from "node:events";
  import type { Firmata } from "firmata-io";

  interface Place {
    readonly pin: number;
    readonly board: Board;
  }
  class Board extends EventEmitter {
    constructor(options: { readonly io: Firmata; readonly repl: false; readonly debug: false; readonly sigint: false });
    readonly io: Firmata;
  }
  class Led {
    constructor(place: Place);
    on(): void;
    off(): void;
  }
  class Pin {
    constructor(place: Place & { readonly type: "digital" });
    high(): void;
    low(): void;
  }
  class Relay {
    constructor(place: Place);
    open(): void;
    close(): void;
  }
  class Button extends EventEmitter {
    /** Emits "press" and "release". */
    constructor(place: Place & { readonly isPullup: true });
    readonly isDown: boolean;
  }
  class Switch extends EventEmitter {
    constructor(place: Place);
    /** The contact connects the pin to ground. False until the board has told its level. */
    readonly isClosed: boolean;
  }
  const five: {
    readonly Board: typeof Board;
    readonly Led: typeof Led;
    readonly Pin: typeof Pin;
    readonly Relay: typeof Relay;
    readonly Switch: typeof Switch;
    readonly Button: typeof Button;
  };
  export default five;
  export type { Board, Button, Led, Pin, Relay, Switch };
}
