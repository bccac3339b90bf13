/** What goes on around the register, by seed: how the operator answers, what people do at printer, clock and token. */
import { printerPollMs } from "../../firmware/limits";
import { createVirtualClock } from "../../hal/sim/sim-clock";
import { bufferOf } from "../../host/device/message-channel";
import { refuseFrame } from "../cuts/operator";
import type { Shop } from "../cuts/shop";
import type { Random } from "../random";
import { type Happening, said } from "./happening";

const done = (name: string, run: (shop: Shop) => void): Happening => ({
  name,
  run(shop) {
    run(shop);
    return "done";
  },
});

const hourS = 3600;
/** Results of the OFD's protocol, and numbers that it does not know. */
const results = [1, 2, 3, 8, 11, 12, 13, 14, 15, 16, 17, 18, 77, 254, 255];
/** In time, and too late. */
const latesMs = [1500, 6000];

type Answer = NonNullable<Shop["answerWith"]>;
type Mood = readonly [name: string, answer: (shop: Shop) => Answer | undefined];

/** How the operator answers from now on; every second time as it should. */
export function drawOperator(random: Random): Happening {
  const [name, answer] = random.below(2) === 0 ? rightMood : random.pick(moods)(random);
  return done(`the operator ${name}`, shop => {
    shop.link = name !== away;
    const answerWith = answer(shop);
    shop.answerWith =
      answerWith === undefined ? undefined : (frame, own) => late(shop, wrongMs, () => answerWith(frame, own));
  });
}
/** What is no answer takes time too; else the module's five seconds would never end. */
const wrongMs = 1000;

const rightMood: Mood = ["answers", () => undefined];
const away = "is away";

const moods: readonly ((random: Random) => Mood)[] = [
  () => [away, () => undefined],
  () => ["is silent", () => () => Buffer.alloc(0)],
  random => {
    const lateMs = random.pick(latesMs);
    return [`answers after ${lateMs} ms`, shop => (_, own) => late(shop, lateMs, own)];
  },
  random => {
    const garbage = bufferOf(random.bytes(1 + random.below(2000)));
    return ["answers garbage", () => () => garbage];
  },
  random => {
    const code = random.pick(results);
    return [`answers result ${code}`, () => frame => refuseFrame(frame, code, `result ${code}`)];
  },
  random => {
    const thousandths = random.below(1000);
    return ["answers half", () => (_, own) => partOf(own(), thousandths)];
  },
  random => {
    const [thousandths, change] = [random.below(1000), 1 + random.below(255)];
    return ["answers with a wrong byte", () => (_, own) => flipped(own(), thousandths, change)];
  },
];

function late(shop: Shop, lateMs: number, own: () => Buffer): Buffer {
  shop.board.wait(lateMs);
  return own();
}

const partOf = (bytes: Buffer, thousandths: number): Buffer =>
  bytes.subarray(0, Math.floor((bytes.length * thousandths) / 1000));

function flipped(bytes: Buffer, thousandths: number, change: number): Buffer {
  const changed = Buffer.from(bytes);
  const place = Math.floor((bytes.length * thousandths) / 1000);
  changed[place] = changed[place]! ^ change;
  return changed;
}

export function drawPrinter(random: Random): Happening {
  const isWell = random.below(2) === 0;
  const [name, set] = random.pick([
    ["paper", "setPaper"],
    ["power", "setOnline"],
    ["closed cover", "setCover"],
  ] as const);
  return done(`the printer has ${isWell ? "" : "no "}${name}`, ({ board }) => {
    board.printer[set](set === "setCover" ? !isWell : isWell);
    // The module looks at its printer again.
    board.wait(printerPollMs + 100);
  });
}

export function drawClock(random: Random): Happening {
  const jumpS = random.pick([-60, -30 * hourS, 60, 5 * hourS, 25 * hourS, 750 * hourS]);
  const isSignedIn = random.below(2) === 0;
  return random.pick([
    done(`the clock jumps by ${jumpS} s`, ({ board }) => board.setTime(Math.max(0, board.nowS() + jumpS))),
    done("the clock loses its time", ({ board }) => board.loseTime()),
    {
      name: `set the clock ${jumpS} s on`,
      run: shop => (shop.setClock(startUtcS + jumpS, isSignedIn) ? "set" : "refused"),
    },
  ]);
}
/** When a simulated board is switched on for the first time. */
const startUtcS = createVirtualClock().utcS() ?? 0;

export function drawToken(random: Random): Happening {
  const token = 1 + random.below(4294967295);
  const isRight = random.below(2) === 0;
  return {
    name: `enter the ${isRight ? "right" : "wrong"} token`,
    run: shop => said(() => shop.enterToken(isRight ? shop.world().operator.register.issuedToken : token)),
  };
}
