/** The thread of the writer: a batch of calls comes in, their results go out. */
import { parentPort, workerData } from "node:worker_threads";
import { type Call, openWriter } from "./writer";

const { file } = workerData as { file: string };
const port = parentPort;
if (port === null) throw new Error("the writer runs in a worker thread");
const writer = openWriter(file);
port.on("message", (calls: readonly Call[] | "close") => {
  if (calls === "close") {
    writer.close();
    port.postMessage("closed");
    port.close();
    return;
  }
  port.postMessage(writer.run(calls));
});
port.postMessage("ready");
