/**
 * A hobby board behind a serial port as devices of a Hal: the fiscal flash on its FRAM, the printer on its serial port,
 * lights, buzzer and drawer on its pins. Keys, clock, the other partitions and the line to the host stay with the
 * computer.
 *
 *   line comes up → FRAM is proved to be ours → flash, printer and outputs answer (onReady)
 *   line goes, a chip fails, the device restarts → flash answers "other", the printer takes nothing (status: why)
 *
 * A chip that is not ours leaves printer, outputs and button working, and is looked at again now and then.
 *
 *   Relay    closes the circuit of the drawer's magnet for one pulse      (firmata-gpio.ts, with a Pin for the buzzer)
 *   Led      the three lights: on or off, as the image last said
 *   Switch   paper out, cover open: asked when the printer has answered   (firmata-contacts.ts)
 *   Button   each press feeds paper, between two papers
 */
import { utf8 } from "../../protocol/bytes";
import type { Gpio } from "../gpio";
import type { PrinterProfile } from "../hal";
import type { Printer } from "../printer";
import type { BridgedHal } from "../vm/hal-bridge";
import { type AwayReason, awayBy } from "./away-reason";
import { type Contacts, createFirmataContacts } from "./firmata-contacts";
import { createFirmataGpio } from "./firmata-gpio";
import { openFirmataLink } from "./firmata-link";
import { createFirmataPrinter } from "./firmata-printer";
import type { FirmataSession } from "./firmata-session";
import { createFramChip } from "./fram-chip";
import { createFramFlash } from "./fram-flash";
import { layoutOf } from "./fram-layout";
import { proveFram } from "./fram-proof";
import { reproveMs } from "./limits";
import { framAddress, type WiringName } from "./wiring";

export interface FirmataBoardOptions {
  /** The serial port; asked at each attempt. */
  readonly path: () => string;
  /** The first that fits the device unless told. */
  readonly wiring?: WiringName;
  /** Factory number: an FRAM belongs to one board. */
  readonly serial: string;
  readonly profile: PrinterProfile;
  /** Of the FRAM that the board is sold with. */
  readonly framBytes: number;
  /** Remembers over restarts whether this board has ever had an FRAM. */
  readonly memory: { hadFram(): boolean; rememberFram(): void };
  /** The FRAM answers: the image should start anew, since only a start knows what it holds. */
  readonly onReady: () => void;
  /** The printer has room or an answer. */
  readonly onPrinter: () => void;
  readonly log: (message: string) => void;
}

export interface FirmataStatus {
  /** "refused" is a board that answers and an FRAM that is not used. */
  readonly link: "up" | "away" | "refused";
  readonly reason: AwayReason | undefined;
  readonly contacts: Contacts;
}

export interface FirmataBoard {
  readonly fiscal: BridgedHal["fiscal"];
  readonly printer: Printer;
  readonly gpio: Gpio;
  status(): FirmataStatus;
  /** Resolves when the first attempt has ended, well or not. */
  readonly settled: Promise<void>;
  close(): Promise<void>;
}

export function openFirmataBoard(options: FirmataBoardOptions): FirmataBoard {
  const layout = layoutOf(options.framBytes);
  const fiscal = createFramFlash(layout);
  const gpio = createFirmataGpio();
  const contacts = createFirmataContacts(() => printer.feed());
  const { profile, onPrinter: onChange } = options;
  const printer = createFirmataPrinter({ profile, contacts: contacts.closed, onChange });
  const serial = utf8(options.serial);
  let current: FirmataSession | undefined;
  let reproof: NodeJS.Timeout | undefined;
  let link: FirmataStatus["link"] = "away";
  let reason: AwayReason | undefined = awayBy("CLOSED");
  let settle: () => void;
  const settled = new Promise<void>(resolve => {
    settle = resolve;
  });

  function change(next: FirmataStatus["link"], why: AwayReason | undefined): void {
    if (why !== undefined && why.code !== reason?.code)
      options.log(`${next}: ${why.code} ${JSON.stringify(why.facts)}`);
    link = next;
    reason = why;
  }

  function up(session: FirmataSession): void {
    current = session;
    contacts.attach(session);
    gpio.attach(session);
    printer.attach(session);
    prove(session);
  }

  async function prove(session: FirmataSession): Promise<void> {
    const chip = createFramChip(session, framAddress);
    const proof = await proveFram(chip, { layout, serial, hadFram: options.memory.hadFram });
    // The end of the session tells its own reason.
    if (session !== current) return;
    if (proof.kind === "refused") {
      change("refused", proof.reason);
      reproof = setTimeout(() => prove(session), reproveMs);
    } else {
      options.memory.rememberFram();
      fiscal.attach(chip, session, proof.content);
      change("up", undefined);
      options.onReady();
    }
    settle();
  }

  function down(why: AwayReason): void {
    current = undefined;
    clearTimeout(reproof);
    fiscal.detach();
    printer.detach();
    gpio.detach();
    contacts.detach();
    change("away", why);
    settle();
  }

  const { path, wiring, log } = options;
  const firmata = openFirmataLink({ path, wiring, onUp: up, onDown: down, onSerial: printer.receive, log });
  return {
    fiscal: fiscal.flash,
    printer: { write: printer.write, read: printer.read },
    gpio: { set: gpio.set },
    status: () => ({ link, reason, contacts: contacts.closed() }),
    settled,
    close: firmata.close,
  };
}
