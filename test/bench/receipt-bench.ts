/** One receipt of 15 lines on the emulated board: first with the operator there, then without. */
import type { Legs } from "../../host/cli/first-sale";
import { hundredths, median, tenths } from "./median";
import { lineBytesOfSale, openRealShop, type RealShop, type Sold, wireMs } from "./real-shop";

export interface ReceiptTimes {
  readonly baud: number;
  /** From the POS's request to its answer, the operator answering. */
  readonly onlineMs: number;
  /**
   * From the last part of the document at the module, where the law's seven seconds begin, to the answer, when the
   * operator is found to be away: five seconds of waiting are in it.
   */
  readonly autonomousMs: number;
  /** The same once that is known. */
  readonly knownOfflineMs: number;
  readonly legsMs: Legs;
  /** What the bytes that must pass the line take at its speed. */
  readonly lineFloorMs: number;
  /** How much of onlineMs the line's floor and the operator explain. */
  readonly shareOfFloor: number;
}

export interface ReceiptOptions {
  readonly baud: number;
  readonly rounds: number;
  readonly onRound: () => void;
}

const warmUps = 2;

export async function measureReceipt({ baud, rounds, onRound }: ReceiptOptions): Promise<ReceiptTimes> {
  const shop = await openRealShop({ boardKind: "emulator", baud });
  try {
    const online = (await sellTimes(shop, "online", warmUps + rounds, onRound)).slice(warmUps);
    await shop.stopOperator();
    const [alone] = await sellTimes(shop, "alone", 1, () => undefined);
    const known = await sellTimes(shop, "alone", rounds, onRound);
    const onlineMs = median(online.map(({ answerMs }) => answerMs));
    const legsMs = medianLegs(online.map(({ legs }) => legs));
    const lineFloorMs = wireMs(lineBytesOfSale(), baud);
    return {
      baud,
      onlineMs: tenths(onlineMs),
      autonomousMs: tenths(alone?.formedMs ?? Number.NaN),
      knownOfflineMs: tenths(median(known.map(({ formedMs }) => formedMs))),
      legsMs,
      lineFloorMs: tenths(lineFloorMs),
      shareOfFloor: hundredths((lineFloorMs + legsMs.ofd) / onlineMs),
    };
  } finally {
    await shop.close();
  }
}

async function sellTimes(
  shop: RealShop,
  outcome: "online" | "alone",
  times: number,
  onRound: () => void,
): Promise<Sold[]> {
  const sold: Sold[] = [];
  while (sold.length < times) {
    const answered = await shop.sell(outcome);
    sold.push(await answered.printed());
    onRound();
  }
  return sold;
}

function medianLegs(legs: readonly Legs[]): Legs {
  const of = (name: keyof Legs): number => tenths(median(legs.map(leg => leg[name])));
  return {
    http: of("http"),
    serial: of("serial"),
    module: of("module"),
    ofd: of("ofd"),
    print: of("print"),
    total: of("total"),
  };
}
