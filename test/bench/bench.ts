/**
 * `npm run bench [-- --json] [-- --quick]`: how large, how fast, how much heap. Medians and ratios of this one run; a
 * progress bar and a table, or with --json one object on the last line. --quick stays under 50 s and says what it left
 * out. The image is built when it is stale.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { emulatorGeometry } from "../../hal/sim/geometry";
import { ensureBuilt } from "../../host/build/image";
import { type BoardKind, boardKinds } from "../../host/cli/board-kind";
import { columns, createProgress, styled } from "../../host/cli/output";
import { firmataBaud } from "../../protocol/firmata";
import { linuxPackagesMissing } from "../linux-packages";
import { type BoardTimes, boardBaud, measureBoards, type Part } from "./board-bench";
import { type HeapTrial, smallestHeapLimit } from "./heap";
import { bytesPerReceipt, startMs } from "./journal-bench";
import { type CodecRates, openLuaBench } from "./lua-bench";
import { codecNames } from "./lua-work";
import { makeOldLog, type OldLog } from "./old-log";
import { measureReceipt, type ReceiptTimes } from "./receipt-bench";
import { receiptOf } from "./sim-shop";

interface BenchReport {
  readonly image: {
    readonly strippedBytes: number;
    /** For a receipt of 15 lines on a blank board; of 500 lines; of 15 lines on the old log. */
    readonly heapLimitBytes: number;
    readonly heapLimitBytes500?: number;
    readonly heapLimitBytesOldLog?: number;
  };
  /** At the first speed that was measured, and at each. */
  readonly receipt: ReceiptTimes & { readonly speeds: readonly ReceiptTimes[] };
  /** The same receipt on each kind of board. */
  readonly boards: readonly BoardTimes[];
  readonly codec: CodecRates;
  readonly journal: {
    readonly appendsPerS: number;
    readonly bytesPerReceipt: number;
    readonly startMs: number;
    readonly startDocuments: number;
  };
  /** What --quick did not measure, and what cannot be here. */
  readonly leftOut: readonly string[];
}

/** How much is done of everything. */
const plans = {
  full: {
    speeds: [115_200, 921_600],
    rounds: 9,
    boardWarmUps: 1,
    boardSales: 5,
    luaRounds: 5,
    roundMs: 200,
    oldDocuments: 10_000,
    isWhole: true,
  },
  quick: {
    speeds: [921_600],
    rounds: 3,
    boardWarmUps: 0,
    boardSales: 1,
    luaRounds: 3,
    roundMs: 50,
    oldDocuments: 50,
    isWhole: false,
  },
} as const;
/** About so many limits are tried for one heap. */
const heapTrials = 9;
type Plan = (typeof plans)[keyof typeof plans];

const leftOutOf = ({ isWhole, speeds, oldDocuments, rounds, boardSales }: Plan): string[] =>
  isWhole
    ? []
    : [
        "heap of a 500-line receipt",
        "heap on a log of 10,000 documents",
        "receipt at 115200, but for the boards",
        `start with 10,000 documents (${oldDocuments} instead)`,
        `all but ${rounds} receipts at ${speeds.join(", ")}`,
        `all but ${boardSales} on each board`,
      ];

async function measure(plan: Plan): Promise<BenchReport> {
  const image = readFileSync((await ensureBuilt()).image);
  const times = await measureReceipts(plan);
  const linuxMissing = linuxPackagesMissing();
  const boards = await measureKinds(
    plan,
    boardKinds.filter(kind => kind !== "linux" || linuxMissing === undefined),
  );
  const lua = await measureLua(plan);
  const log = await withProgress("an old log", plan.oldDocuments, tick => makeOldLog(plan.oldDocuments, tick));
  const started = await startMs(image, log, plan.luaRounds);
  return {
    image: await measureImage(plan, image, log),
    receipt: { ...(times[0] as ReceiptTimes), speeds: times },
    boards,
    codec: lua.codec,
    journal: {
      appendsPerS: lua.appendsPerS,
      bytesPerReceipt: bytesPerReceipt(),
      startMs: started,
      startDocuments: plan.oldDocuments,
    },
    leftOut: [...leftOutOf(plan), ...(linuxMissing === undefined ? [] : [`linux board, not here: ${linuxMissing}`])],
  };
}

async function measureImage(plan: Plan, image: Uint8Array, log: OldLog): Promise<BenchReport["image"]> {
  const limitOf = (name: string, trial: Omit<HeapTrial, "image">): Promise<number> =>
    withProgress(`heap, ${name}`, heapTrials, tick => {
      let trials = 0;
      return smallestHeapLimit({ image, ...trial }, () => tick(++trials));
    });
  const { flash: past, elementStore, clock } = log;
  const onOldLog = { past, board: { geometry: emulatorGeometry, elementStore, clock } };
  const blank = { board: { geometry: emulatorGeometry } };
  const shared = {
    strippedBytes: image.length,
    heapLimitBytes: await limitOf("15 lines", { receipt: receiptOf(15), ...blank }),
  };
  if (!plan.isWhole) return shared;
  return {
    ...shared,
    heapLimitBytes500: await limitOf("500 lines", { receipt: receiptOf(500), ...blank }),
    heapLimitBytesOldLog: await limitOf("old log", { receipt: receiptOf(15), ...onOldLog }),
  };
}

async function measureReceipts({ speeds, rounds }: Plan): Promise<ReceiptTimes[]> {
  const times: ReceiptTimes[] = [];
  for (const baud of speeds) {
    const measured = await withProgress(`receipts at ${baud}`, 2 * rounds + 2, tick => {
      let done = 0;
      return measureReceipt({ baud, rounds, onRound: () => tick(++done) });
    });
    times.push(measured);
  }
  return times;
}

function measureKinds({ boardWarmUps, boardSales }: Plan, kinds: readonly BoardKind[]): Promise<BoardTimes[]> {
  return withProgress("boards", kinds.length * (1 + boardWarmUps + boardSales), tick => {
    let done = 0;
    return measureBoards({ kinds, warmUps: boardWarmUps, sales: boardSales, onStep: () => tick(++done) });
  });
}

async function measureLua({ luaRounds, roundMs }: Plan): Promise<{ codec: CodecRates; appendsPerS: number }> {
  const lua = await openLuaBench({ rounds: luaRounds, roundMs });
  try {
    const codec = await withProgress("codecs", codecNames.length, tick => {
      let done = 0;
      return lua.codecs(() => tick(done++));
    });
    return { codec, appendsPerS: lua.appendsPerS() };
  } finally {
    lua.close();
  }
}

async function withProgress<Result>(
  label: string,
  total: number,
  work: (tick: (done: number) => void) => Result | Promise<Result>,
): Promise<Result> {
  const progress = createProgress(label);
  try {
    return await work(done => progress.update(done, total));
  } finally {
    progress.stop();
  }
}

const kilobytes = (bytes: number | undefined): string =>
  bytes === undefined ? "—" : `${(bytes / 1024).toFixed(1)} KB`;

function tableOf({ image, receipt, boards, codec, journal, leftOut }: BenchReport): string {
  const imageRows: [string, string][] = [
    ["stripped", kilobytes(image.strippedBytes)],
    ["heap, 15 lines", kilobytes(image.heapLimitBytes)],
    ["heap, 500 lines", kilobytes(image.heapLimitBytes500)],
    ["heap, old log", kilobytes(image.heapLimitBytesOldLog)],
  ];
  const journalRows: [string, string][] = [
    ["appends", `${journal.appendsPerS} /s`],
    ["a 15-line receipt", `${journal.bytesPerReceipt} bytes of flash`],
    ["start", `${journal.startMs} ms with ${journal.startDocuments} documents in the shift`],
  ];
  return [
    section("Image", imageRows),
    ...receipt.speeds.map(times => section(`Receipt, 15 lines, ${times.baud} baud`, receiptRows(times))),
    section(`Boards, a receipt of 15 lines online at ${boardBaud} baud`, boards.map(boardRow)),
    section("Codec, operations a second", codecRows(codec)),
    section("Journal", journalRows),
    ...leftOut.map(what => styled("dim", `left out: ${what}`)),
  ].join("\n");
}

const section = (title: string, rows: readonly [string, string][]): string =>
  `${styled("bold", title)}\n${columns(rows)}\n`;

function receiptRows(times: ReceiptTimes): [string, string][] {
  const { http, serial, module, ofd, print } = times.legsMs;
  return [
    ["online", `${times.onlineMs} ms`],
    ["  of it", `http ${http}, serial ${serial}, module ${module}, OFD ${ofd}; then print ${print}`],
    ["line floor", `${times.lineFloorMs} ms; with the OFD ${Math.round(times.shareOfFloor * 100)} % of online`],
    ["autonomous", `${times.autonomousMs} ms after the upload`],
    ["known offline", `${times.knownOfflineMs} ms after the upload`],
  ];
}

const partNames: Record<Part, string> = {
  line: `line at ${boardBaud}`,
  disk: "disk",
  firmata: `Firmata line at ${firmataBaud}`,
};

function boardRow({
  kind,
  sales,
  onlineMs,
  slowestPart,
  floorMs,
  shareOfFloor,
  heapBytes,
}: BoardTimes): [string, string] {
  const floor = `${partNames[slowestPart]}: ${floorMs} ms, ${Math.round(shareOfFloor * 100)} % of it`;
  const ofSales = sales === 1 ? "1 sale" : `median of ${sales}`;
  return [kind, `${onlineMs} ms (${ofSales}); ${floor}; heap ${kilobytes(heapBytes)}`];
}

const codecRows = (codec: CodecRates): [string, string][] =>
  codecNames.map(name => {
    const { nodePerS, luaPerS, ratio, luaGarbageBytes } = codec[name];
    return [name, `Lua ${luaPerS}, Node ${nodePerS}, ratio ${ratio}, garbage ${luaGarbageBytes} bytes`];
  });

const { values } = parseArgs({ options: { json: { type: "boolean" }, quick: { type: "boolean" } } });
const report = await measure(values.quick === true ? plans.quick : plans.full);
console.log(values.json === true ? JSON.stringify(report) : tableOf(report));
