/**
 * Raising the speed of the line (design §6): `speed` is answered at the old one, then both sides switch. When no valid
 * packet passes within 500 ms, both return to 115200.
 */
import { commands, groups } from "../../protocol/commands";
import { DeviceRefusal } from "./device-error";
import { baudAtStart, type Link } from "./serial-link";
import type { SmpClient } from "./smp-client";

const echoTimeoutMs = 150;
const echoTries = 3;
/** A little longer than the module's 500 ms, so that both are back at 115200. */
const fallBackMs = 600;

/** Resolves to the speed that works. */
export async function raiseSpeed(client: SmpClient, link: Link, baud: number): Promise<number> {
  if (baud <= baudAtStart) {
    return baudAtStart;
  }
  try {
    await client.request({ op: "write", group: groups.service, id: commands.service.speed }, { baud });
  } catch (error) {
    if (error instanceof DeviceRefusal && error.code !== "DEVICE_ABSENT") {
      return baudAtStart;
    }
    throw error;
  }
  if ((await switchTo(link, baud)) && (await echoes(client))) {
    return baud;
  }
  await switchTo(link, baudAtStart);
  await new Promise(resolve => setTimeout(resolve, fallBackMs));
  return baudAtStart;
}

/** False when the host's own port cannot do this speed. */
const switchTo = (link: Link, baud: number): Promise<boolean> =>
  link.setBaud(baud).then(
    () => true,
    () => false,
  );

async function echoes(client: SmpClient): Promise<boolean> {
  const text = "kassa";
  const options = { timeoutMs: echoTimeoutMs, repeatsMax: echoTries - 1 };
  try {
    const reply = await client.request<{ r?: string }>(
      { op: "write", group: groups.os, id: commands.os.echo },
      { d: text },
      options,
    );
    return reply.r === text;
  } catch {
    return false;
  }
}
