/**
 * Which pin of a hobby board does what; docs/firmata.md draws it.
 *
 * The contacts and the button have a port of eight pins (32 to 39, on an ESP32 24 to 31) to themselves: firmata-io writes
 * ports whole, with what it last read from the inputs among them. Outputs are pins that stay low while the board starts:
 * no boot strap of an ESP32 (0, 2, 5, 12, 15) and none that its boot loader talks on (1, 3, 14). GPIO 34 to 39 have no
 * pull-up.
 */
export interface Pins {
  readonly ready: number;
  readonly offline: number;
  readonly blocked: number;
  /** An active buzzer: it sounds while the pin is high. */
  readonly buzzer: number;
  /** A relay: closed while the pin is high. */
  readonly drawer: number;
  /** Contacts to ground, with the pull-up of the pin: closed is a fault, so a printer without contacts needs none. */
  readonly paperOut: number;
  readonly coverOpen: number;
  /** A push button to ground, with the pull-up of the pin. */
  readonly feed: number;
}

export interface Wiring {
  readonly pins: Pins;
  readonly i2c: { readonly sda: number; readonly scl: number };
  /** The printer's serial port: its number in Firmata and its pins. */
  readonly printer: { readonly portId: number; readonly rx: number; readonly tx: number };
}

export type WiringName = "mega" | "esp32";

export const wirings: Readonly<Record<WiringName, Wiring>> = {
  /** Arduino Mega 2560, 5 V. */
  mega: {
    pins: { ready: 22, offline: 24, blocked: 26, buzzer: 28, drawer: 30, paperOut: 32, coverOpen: 34, feed: 36 },
    i2c: { sda: 20, scl: 21 },
    printer: { portId: 1, rx: 19, tx: 18 },
  },
  /** ESP32 DevKit with a WROOM-32 (a WROVER uses 16 and 17 itself), 3.3 V. */
  esp32: {
    pins: { ready: 18, offline: 19, blocked: 23, buzzer: 32, drawer: 33, paperOut: 25, coverOpen: 26, feed: 27 },
    i2c: { sda: 21, scl: 22 },
    printer: { portId: 2, rx: 16, tx: 17 },
  },
};

export const wiringNames = Object.keys(wirings) as readonly WiringName[];

/** MB85RC256V and MB85RC1MT with their address pins at ground; the large one also answers at the next address. */
export const framAddress = 0x50;
