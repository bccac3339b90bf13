/** The worked receipt as pieces and as ESC/POS bytes, for the tests of paper. */
import { deflateSync } from "node:zlib";
import type { PrinterProfile } from "../../../hal/hal";
import { type Bytes, concat } from "../../../protocol/bytes";
import { createEscposWriter } from "../../../protocol/paper/escpos-write";
import { layoutItem, layoutRefused, layoutTail, layoutTop } from "../../../protocol/paper/layout";
import type { PaperHead, PaperItem, PaperOutcome, PaperPiece, PaperSeller } from "../../../protocol/paper/pieces";
import { head, items, online, seller } from "../../vectors/paper-receipt";

export interface Receipt {
  readonly seller: PaperSeller;
  readonly head: PaperHead;
  readonly items: readonly PaperItem[];
  readonly outcome: PaperOutcome;
  readonly columns: number;
}

export const receipt: Receipt = { seller, head, items, outcome: online, columns: 48 };

export function piecesOf({ seller, head, items, outcome, columns }: Receipt): PaperPiece[] {
  if (outcome.kind === "refused") {
    return layoutRefused(seller, head, outcome, columns);
  }
  return [
    ...layoutTop(seller, head, outcome, columns),
    ...items.flatMap((item, index) => layoutItem(item, index + 1, head, seller, columns)),
    ...layoutTail(seller, head, outcome, columns),
  ];
}

export const printerProfile = (changes: Partial<PrinterProfile> = {}): PrinterProfile => ({
  name: "test",
  columns: 48,
  letters: "table",
  codeTable: 53,
  qr: "command",
  confirms: true,
  cutter: true,
  ...changes,
});

export function escposOf(pieces: readonly PaperPiece[], profile: PrinterProfile): Bytes {
  const writer = createEscposWriter(profile);
  return concat([writer.begin(), ...pieces.map(piece => writer.piece(piece)), writer.end()]);
}

export const deflate = (bytes: Bytes): Bytes => deflateSync(Buffer.from(bytes, "latin1")).toString("latin1") as Bytes;
