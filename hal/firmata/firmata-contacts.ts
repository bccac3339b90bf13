/**
 * Contacts and the feed button of the board, by johnny-five: both are debounced there. Without a session no contact is
 * closed.
 */
import five, { type Button, type Switch } from "johnny-five";
import type { FirmataSession } from "./firmata-session";

export interface Contacts {
  readonly paperOut: boolean;
  readonly coverOpen: boolean;
}

export interface FirmataContacts {
  closed(): Contacts;
  attach(session: FirmataSession): void;
  detach(): void;
}

interface Parts {
  readonly session: FirmataSession;
  readonly paperOut: Switch;
  readonly coverOpen: Switch;
  readonly feed: Button;
}

export function createFirmataContacts(onFeed: () => void): FirmataContacts {
  let parts: Parts | undefined;
  return {
    closed: () => ({
      paperOut: parts?.paperOut.isClosed ?? false,
      coverOpen: parts?.coverOpen.isClosed ?? false,
    }),
    attach(session) {
      parts = partsOf(session, onFeed);
    },
    detach() {
      if (parts !== undefined) letGo(parts);
      parts = undefined;
    },
  };
}

function partsOf(session: FirmataSession, onFeed: () => void): Parts {
  const { board, io } = session;
  const { pins } = session.wiring;
  const parts = {
    session,
    paperOut: new five.Switch({ pin: pins.paperOut, board }),
    coverOpen: new five.Switch({ pin: pins.coverOpen, board }),
    feed: new five.Button({ pin: pins.feed, board, isPullup: true }),
  };
  parts.feed.on("press", onFeed);
  // johnny-five switches pull-ups on by writing to inputs; this mode keeps them, whatever is written to the port.
  for (const pin of [pins.paperOut, pins.coverOpen, pins.feed]) io.pinMode(pin, io.MODES.PULLUP);
  return parts;
}

/** A Button that is held keeps a timer until it is released; when its line goes, nobody else would tell it. */
function letGo({ session, feed }: Parts): void {
  feed.removeAllListeners();
  if (feed.isDown) session.io.emit(`digital-read-${session.wiring.pins.feed}`, 1);
}
