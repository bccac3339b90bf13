/** `kassa journal export`: writes the module's log to a file, with the trailer that the module signs. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exportJournal } from "../device/journal-export";
import { type CommandSpec, parseCommand } from "./args";
import { homeFolder } from "./home";
import { createProgress, exitCode, tellResult } from "./output";
import { publicKeyPem } from "./public-key";
import { userOf } from "./sell";
import { signIn, withDevice } from "./with-device";

const spec: CommandSpec = {
  usage: "journal export [FILE] [--port PORT] [-u OPERATOR:PIN]",
  about:
    "Exports the fiscal log and, beside it, the module's public key. Compare the key's fingerprint with the fiscalization slip: a key that came with an export proves nothing.",
  options: {
    port: { type: "string", value: "PORT", about: "path or tcp://host:port (default: search)" },
    user: { type: "string", short: "u", value: "OP:PIN", about: "operator and PIN (default: KASSA_USER, else 1:0000)" },
  },
  positionals: [0, 1],
  example: "kassa journal export november.journal -u 1:0000",
};

export async function run(args: string[]): Promise<number> {
  const { options, positionals, json } = parseCommand(args, spec);
  return withDevice(options.port, async device => {
    const session = await signIn(device, userOf(options.user));
    const { serial, sequence, publicKey } = await device.info();
    const file = resolve(positionals[0] ?? exportFile(homeFolder(), serial, sequence));
    await mkdir(dirname(file), { recursive: true });
    const bar = createProgress("records");
    const stream = createWriteStream(file);
    await once(stream, "open");
    for await (const piece of exportJournal(device, session, bar.update)) {
      if (!stream.write(piece)) {
        await once(stream, "drain");
      }
    }
    stream.end();
    await once(stream, "close");
    bar.stop();
    const keyFile = `${file}.pem`;
    await writeFile(keyFile, publicKeyPem(publicKey));
    await device.logout(session);
    tellResult(json, { journal: file, publicKey: keyFile, records: sequence }, `${file}\n${keyFile}`);
    return exitCode.done;
  });
}

/** Where an export of this module's log up to this record goes by default. */
export const exportFile = (home: string, serial: string, sequence: number): string =>
  join(home, "exports", `${serial}-${sequence}.journal`);
