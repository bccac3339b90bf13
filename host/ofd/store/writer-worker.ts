/** The thread of the writer: a batch of calls comes in, their results go out. */
import { parentPort, workerData } from "node:worker_threads";
import { type Call, openWriter, type Writer } from "./writer";

const { file } = workerData as { file: string };
const port = parentPort;
if (port === null) throw new Error("the writer runs in a worker thread");

/** Why the file cannot be opened goes out as a message: an exception here would leave the thread, and its parent, waiting. */
function open(): Writer | undefined {
  try {
    return openWriter(file);
  } catch (error) {
    port?.postMessage({ problem: (error as Error).message });
    port?.close();
    return undefined;
  }
}

const writer = open();
if (writer !== undefined) {
  port.on("message", (calls: readonly Call[] | "close") => {
    if (calls === "close") {
      writer.close();
      port.close();
      return;
    }
    port.postMessage(writer.run(calls));
  });
  port.postMessage("ready");
}
