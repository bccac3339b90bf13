/** Why the board behind the line cannot be used: a code and its figures. Sentences are the host's. */
export type AwayCode =
  /** The port cannot be opened, or it has closed. */
  | "PORT_ABSENT"
  | "PORT_CLOSED"
  /** The device says nothing, or it was reset and must be set up again. */
  | "NO_ANSWER"
  | "DEVICE_RESET"
  /** No wiring fits it: pins are missing, or its firmware lacks I2C, serial ports or pull-ups. */
  | "BOARD_UNFIT"
  /** A read or write of the FRAM failed, or it took too long. */
  | "I2C_FAILED"
  | "FLASH_SLOW"
  /** Nobody at the FRAM's address; another size; another board's; blank on a board that had one; something else's. */
  | "FRAM_ABSENT"
  | "FRAM_SIZE"
  | "FRAM_FOREIGN"
  | "FRAM_BLANK"
  | "FRAM_UNKNOWN"
  /** Another chip is at the bus than the one that was proved; the next proof says which. */
  | "FRAM_EXCHANGED"
  /** Not opened yet, or closed by us. */
  | "CLOSED";

export interface AwayReason {
  readonly code: AwayCode;
  readonly facts: Readonly<Record<string, number | string>>;
}

export const awayBy = (code: AwayCode, facts: AwayReason["facts"] = {}): AwayReason => ({ code, facts });
