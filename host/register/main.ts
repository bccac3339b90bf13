/**
 * The register service's process: opens the module's port, carries its frames to the operator, lets other programs of
 * this machine in, and serves HTTP. `kassa start` spawns it; it may be killed at any moment.
 *
 *   KASSA_HOME            where state and announcements are (.kassa)
 *   KASSA_REGISTER_PORT   7070; 0: any free port
 *   KASSA_CORS            origins of pages that may use it, separated by commas
 *   KASSA_DEVICE          a port of the module, instead of the search
 *
 * Says `{ "ready": true, "port": … }` with --json, and in KASSA_HOME/run/register.json. Ends with its parent.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { brokerSocket, createBroker } from "../device/broker";
import { openFiscalDevice } from "../device/fiscal-device";
import { createUplink } from "../uplink/uplink";
import { readOrigins } from "./allow-list";
import { createRegister } from "./register";
import { createServer } from "./server";

const home = resolve(process.env.KASSA_HOME ?? ".kassa");
const portWanted = Number(process.env.KASSA_REGISTER_PORT ?? 7070);
const baud = process.env.KASSA_BAUD === undefined ? undefined : Number(process.env.KASSA_BAUD);
const isJson = process.argv.includes("--json");
/** Whatever hangs, the process ends. */
const stopMaxMs = 3000;
const announcement = join(home, "run", "register.json");

const device = openFiscalDevice({ home, port: process.env.KASSA_DEVICE, baud });
const broker = await createBroker(home, device).catch(() => portBusy(brokerSocket(home), "KASSA_HOME"));
const register = createRegister(device, home);
createUplink(device, {
  onEvent({ kind, frame }) {
    if (kind === "fetched" || kind === "sent" || kind === "answered") {
      register.selling.noteUplink(kind, frame);
    }
  },
});
const app = await createServer(register, { origins: readOrigins(process.env.KASSA_CORS) });
await listen();

async function listen(): Promise<void> {
  try {
    await app.listen({ host: "127.0.0.1", port: portWanted });
  } catch {
    portBusy(`127.0.0.1:${portWanted}`, "KASSA_REGISTER_PORT");
  }
  const address = app.server.address();
  const port = address === null || typeof address === "string" ? portWanted : address.port;
  const ready = { ready: true, port, pid: process.pid, url: `http://127.0.0.1:${port}` };
  await mkdir(join(home, "run"), { recursive: true });
  await writeFile(announcement, `${JSON.stringify(ready)}\n`);
  process.stdout.write(isJson ? `${JSON.stringify(ready)}\n` : `register ${ready.url}\n`);
}

/** Another service of this home, or another program. */
function portBusy(port: string, variable: string): never {
  process.stderr.write(`PORT_BUSY: ${port}, ${variable}\n`);
  process.exit(3);
}

let isStopping = false;
/** Gives socket and port back, and ends. Nothing here needs saving: a sale under way goes on in the module. */
async function stop(): Promise<void> {
  if (isStopping) {
    return;
  }
  isStopping = true;
  setTimeout(() => process.exit(0), stopMaxMs).unref();
  await rm(announcement, { force: true });
  await app.close();
  await register.close();
  await broker.close();
  await device.close();
  process.exit(0);
}

process.on("SIGINT", () => void stop());
process.on("SIGTERM", () => void stop());
// The parent's end of this pipe closes with the parent, even when that is killed.
process.stdin.on("end", () => void stop()).resume();
