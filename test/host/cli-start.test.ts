/** `kassa start` as a newcomer meets it: one command, the whole shop, a receipt. */
import { type ChildProcess, spawn } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runningProgram } from "../../host/cli/home";

const test = suite<{ home: string }>("kassa start");
const kassa = fileURLToPath(new URL("../../host/cli/kassa.mjs", import.meta.url));
const anyPorts = {
  KASSA_BOARD_PORT: "0",
  KASSA_OFD_PORT: "0",
  KASSA_OFD_HTTP_PORT: "0",
  KASSA_OFD_ADMIN_PORT: "0",
  KASSA_REGISTER_PORT: "0",
};

test.before(context => {
  context.home = mkdtempSync(join(tmpdir(), "kassa-start-"));
});
test.after(({ home }) => rmSync(home, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said(): { stdout: string; stderr: string };
}
function start(home: string, args: string[], env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [kassa, "start", ...args], {
    env: { ...process.env, KASSA_HOME: home, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", chunk => (stdout += chunk));
  child.stderr.on("data", chunk => (stderr += chunk));
  const ended = new Promise<number | null>(resolve => child.once("close", resolve));
  return { child, ended, said: () => ({ stdout, stderr }) };
}

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await isTrue()); tries++) {
    assert.ok(tries < 1200, what);
    await pause(25);
  }
}

/** The object of `start --once --json`, as far as this test reads it. */
interface StartReport {
  readonly serial: string;
  readonly documentNumber: number;
  readonly fiscalSign: string;
  readonly qrUrl: string;
  readonly paperPng: string;
  readonly escpos: string;
  readonly journal: string;
  readonly publicKey: string;
  readonly ofdStore: string;
}

async function startOnce(home: string): Promise<StartReport> {
  const { ended, said } = start(home, ["--once", "--json"]);
  assert.is(await ended, 0, said().stderr);
  return JSON.parse(said().stdout.trim().split("\n").at(-1)!);
}

test("two runs on one home are two signs in one log", async ({ home }) => {
  const first = await startOnce(home);
  const second = await startOnce(home);
  assert.equal([first.documentNumber, second.documentNumber], [1, 2]);
  assert.is.not(first.fiscalSign, second.fiscalSign);
  assert.is(first.serial, second.serial);
  for (const report of [first, second]) {
    assert.match(report.fiscalSign, /^\d{12}$/);
    assert.match(
      report.qrUrl,
      new RegExp(`^https?://[^?]+\\?i=${report.fiscalSign}&f=\\d{12,}&s=\\d+\\.\\d{2}&t=\\d{8}T\\d{6}$`),
    );
    for (const file of [report.paperPng, report.escpos, report.journal, report.ofdStore]) {
      assert.ok(existsSync(file), file);
    }
  }
  assert.ok(readFileSync(second.journal).includes(readFileSync(first.journal).subarray(150, 2000)), "the log goes on");
  assert.is(createPublicKey(readFileSync(second.publicKey, "utf8")).asymmetricKeyType, "ec");
});

test("a busy port is named with its variable, and nothing is started", async ({ home }) => {
  const holder = createServer();
  await new Promise<void>(resolve => holder.listen(0, "127.0.0.1", resolve));
  const port = String((holder.address() as { port: number }).port);
  const { ended, said } = start(home, ["--lang", "en"], { ...anyPorts, KASSA_REGISTER_PORT: port });
  assert.is(await ended, 3);
  assert.match(said().stderr, new RegExp(`PORT_BUSY: .*${port}[\\s\\S]*KASSA_REGISTER_PORT`));
  await new Promise(resolve => holder.close(resolve));
});

test("killed without a word, it takes its children with it", async ({ home }) => {
  const { child, ended, said } = start(home, ["--blank"], anyPorts);
  await until(() => said().stderr.includes("Ctrl-C"), `the shop stands: ${said().stderr}`);
  const names = ["board", "ofd", "register"];
  for (const name of names) {
    assert.ok(await runningProgram(home, name), `${name} runs`);
  }
  child.kill("SIGKILL");
  await ended;
  await until(async () => {
    const running = await Promise.all(names.map(name => runningProgram(home, name)));
    return running.every(facts => facts === undefined);
  }, "all have ended");
});

test("Ctrl-C ends the shop with exit code 0", async ({ home }) => {
  const { child, ended, said } = start(home, ["--blank"], anyPorts);
  await until(() => said().stderr.includes("Ctrl-C"), "the shop stands");
  child.kill("SIGINT");
  assert.is(await ended, 0);
  assert.is(await runningProgram(home, "board"), undefined);
});

test.run();
