/** What the board's process (board.ts) needs of a board, whatever hardware it is made of. */
import type { BoardHome } from "./board-home";
import type { PrinterChoice } from "./board-printer";
import type { ControlHandlers } from "./control";
import type { Line } from "./line";

/** The parts that a Firmata board is built with. */
export const framSizes = [32768, 131072] as const;
export type FramBytes = (typeof framSizes)[number];

export interface BoardOptions {
  readonly home: BoardHome;
  /** The stripped bytecode, and the file that it came from. */
  readonly image: Uint8Array;
  readonly imagePath: string;
  /** TCP port on loopback, 0 = any. */
  readonly tcpPort: number;
  /** Speed of the UART after each start. */
  readonly baud: number;
  /** Not for a Firmata board: its printer is behind it. */
  readonly printer: PrinterChoice;
  /** Of a Firmata board: room of its FRAM, the tty of a real one, and whether the line of an emulated one takes time. */
  readonly framBytes?: FramBytes;
  readonly port?: string;
  readonly paced?: boolean;
  readonly log: (message: string) => void;
}

export interface RunningBoard {
  /** "emulator", "firmata" or "linux", and the factory number. */
  readonly facts: { readonly kind: string; readonly serial: string };
  /** The host's end of its serial line. */
  readonly line: Line;
  /** Something that changes what the image sees has happened: it should tick. */
  wake(): void;
  /** The faults that this board can play beside those of the line; one that it lacks is refused by its name. */
  readonly verbs: ControlHandlers;
  /** What `kassa emulator status` tells beside the line. */
  status(): object | Promise<object>;
  close(): Promise<void>;
}
