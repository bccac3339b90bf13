/** What the board's process (board.ts) needs of a board, whatever hardware it is made of. */
import type { BoardHome } from "./board-home";
import type { ControlHandlers } from "./control";
import type { Line } from "./line";

export interface BoardOptions {
  readonly home: BoardHome;
  /** The stripped bytecode, and the file that it came from. */
  readonly image: Uint8Array;
  readonly imagePath: string;
  /** TCP port on loopback, 0 = any. */
  readonly tcpPort: number;
  /** Speed of the UART after each start. */
  readonly baud: number;
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
  status(): object;
  close(): Promise<void>;
}
