/**
 * Lights, buzzer and drawer of the board, by johnny-five. Only changes travel. A new session begins with everything
 * off; the lights are then as the image last said, a drawer that was opened meanwhile stays closed.
 */
import five, { type Led, type Pin, type Relay } from "johnny-five";
import type { Gpio, Output } from "../gpio";
import type { FirmataSession } from "./firmata-session";
import { drawerPulseMs } from "./limits";

export interface FirmataGpio extends Gpio {
  attach(session: FirmataSession): void;
  detach(): void;
}

type Light = "ready" | "offline" | "blocked";
const lights: readonly Light[] = ["ready", "offline", "blocked"];

interface Parts {
  readonly led: Readonly<Record<Light, Led>>;
  readonly buzzer: Pin;
  readonly relay: Relay;
}

export function createFirmataGpio(): FirmataGpio {
  const wanted = new Map<Output, boolean>();
  let parts: Parts | undefined;
  let pulse: NodeJS.Timeout | undefined;

  function show(output: Output, on: boolean): void {
    if (parts === undefined) return;
    if (output === "buzzer") parts.buzzer[on ? "high" : "low"]();
    else if (output !== "drawer") parts.led[output][on ? "on" : "off"]();
    else if (on) openDrawer(parts.relay);
  }

  /** Whatever the image does next, the magnet gets its pulse and not more. */
  function openDrawer(relay: Relay): void {
    clearTimeout(pulse);
    relay.close();
    pulse = setTimeout(() => relay.open(), drawerPulseMs);
  }

  return {
    set(output, on) {
      if ((wanted.get(output) ?? false) === on) return;
      wanted.set(output, on);
      show(output, on);
    },
    attach(session) {
      parts = partsOf(session);
      for (const light of lights) show(light, wanted.get(light) ?? false);
    },
    detach() {
      clearTimeout(pulse);
      parts = undefined;
      wanted.delete("buzzer");
      wanted.delete("drawer");
    },
  };
}

function partsOf({ io, board, wiring: { pins } }: FirmataSession): Parts {
  const ledAt = (pin: number): Led => new five.Led({ pin, board });
  // A Relay only writes to its pin; it does not make it an output.
  io.pinMode(pins.drawer, io.MODES.OUTPUT);
  const parts: Parts = {
    led: { ready: ledAt(pins.ready), offline: ledAt(pins.offline), blocked: ledAt(pins.blocked) },
    buzzer: new five.Pin({ pin: pins.buzzer, board, type: "digital" }),
    relay: new five.Relay({ pin: pins.drawer, board }),
  };
  parts.buzzer.low();
  parts.relay.open();
  return parts;
}
