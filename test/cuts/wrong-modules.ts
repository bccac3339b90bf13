/** Modules that are wrong on purpose, and sell well until the power fails. The search must catch each of them. */
import { type Change, copyChanged } from "../firmware/wrong-memory";
import { createNodeMachine, type Machine, type Start } from "./machine";

export interface WrongModule {
  readonly name: string;
  readonly changes: readonly Change[];
}

export const wrongModules: readonly WrongModule[] = [
  {
    // Known offline it needs no answer, so it signs first and stores the document afterwards.
    name: "outcome before document",
    changes: [
      {
        file: "sale.ts",
        right: "  job.head = { ...job.head, prev: memory.lastHash() };",
        wrong: `  if (isOffline(module)) settleAutonomous(module, "silent", job.head);
  job.head = { ...job.head, prev: memory.lastHash() };`,
      },
      {
        file: "sale.ts",
        right: 'import { beginOnline, isOffline } from "./uplink";',
        wrong: 'import { beginOnline, isOffline } from "./uplink";\nimport { settleAutonomous } from "./outcome";',
      },
      {
        file: "outcome.ts",
        right:
          "export function settleAutonomous(module: Module, cause: Bytes): void {\n  const head = pendingHead(module);",
        wrong:
          "export function settleAutonomous(module: Module, cause: Bytes, early?: DocumentHead): void {\n  const head = early ?? pendingHead(module);",
      },
      {
        file: "books.ts",
        right:
          '  assert(pending !== undefined && pending.number === number, "an outcome belongs to the pending document");',
        wrong: "  if (pending === undefined) {\n    books.early = map;\n    return;\n  }",
      },
      {
        file: "books.ts",
        right: "    applyDocument(books, record, head);",
        wrong: `    applyDocument(books, record, head);
    const early = books.early;
    books.early = undefined;
    if (early !== undefined) applyOutcome(books, early);`,
      },
      {
        file: "uplink.ts",
        right: "  let record = module.memory.next(document);",
        wrong: `  const before = module.memory.find(document.sequence - 1);
  const isOutcome = before !== undefined && before.type === recordType.outcome;
  if (isOutcome && readNumber(module, before) === openDocument(module.memory, document).head.number) return before;
  let record = module.memory.next(document);`,
      },
    ],
  },
  {
    name: "CRC skipped",
    changes: [
      {
        file: "flash-record.ts",
        right: "byteAt(bytes, 0) !== marker || readU32be(bytes, 18) !== crc32(slice(bytes, 0, 18))",
        wrong: "byteAt(bytes, 0) !== marker",
      },
      {
        file: "sector-header.ts",
        right: "slice(bytes, 0, 4) !== magic || readU32be(bytes, 32) !== crc32(slice(bytes, 0, 32))",
        wrong: "slice(bytes, 0, 4) !== magic",
      },
      {
        file: "log-walk.ts",
        right: "return readU32be(readFlash(area, start + head.dataBytes, dataCrcBytes), 0) === crc32End(crc);",
        wrong: "return crc32End(crc) >= 0;",
      },
    ],
  },
  {
    name: "sector reused too early",
    changes: [{ file: "fiscal-memory.ts", right: "next.newestDocument <= policy.settledNumber &&", wrong: "" }],
  },
];

/** The wrong module in Node; `remove` deletes its sources. */
export async function createWrongMachine({ changes }: WrongModule): Promise<{ machine: Machine; remove: () => void }> {
  const { load, remove } = copyChanged(changes);
  const { start } = (await load("firmware/start.ts")) as { start: Start };
  return { machine: createNodeMachine(start), remove };
}
