/** What a running board says about itself at its control socket, as `kassa emulator status` shows it. */
import { createConnection } from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BoardKind } from "../../host/cli/board-kind";

/** As far as the benchmark reads it. */
export interface BoardStatus {
  readonly heapBytes?: number;
  /** Where the image runs in a machine of ours. */
  readonly heapPeakBytes?: number;
  /** Firmata: bytes that the line of the hobby board has carried. */
  readonly carriedBytes?: { readonly toDevice: number; readonly toHost: number };
  /** Linux: the number of this report, and what its flash has brought to the disk. */
  readonly told?: number;
  readonly syncs?: number;
  readonly syncedBytes?: number;
}

const freshMaxMs = 5000;
const askAgainMs = 1;

/** The state of now. A Linux board is a process of its own: what it is asked now, it tells with its next report. */
export async function boardStatus(home: string, kind: BoardKind): Promise<BoardStatus> {
  const first = await ask(home);
  if (kind !== "linux") return first;
  for (const untilMs = performance.now() + freshMaxMs; performance.now() < untilMs; await pause(askAgainMs)) {
    const next = await ask(home);
    if ((next.told ?? 0) > (first.told ?? 0)) return next;
  }
  throw new Error(`the board did not tell its state within ${freshMaxMs / 1000} s`);
}

function ask(home: string): Promise<BoardStatus> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path.join(home, "run", "board.sock"));
    let received = "";
    socket.setEncoding("utf8").on("error", reject);
    socket.on("close", () => reject(new Error("the board has ended")));
    socket.on("connect", () => socket.write(`${JSON.stringify({ verb: "status" })}\n`));
    socket.on("data", text => {
      received += text;
      if (!received.endsWith("\n")) return;
      resolve((JSON.parse(received) as { status: BoardStatus }).status);
      socket.end();
    });
  });
}
