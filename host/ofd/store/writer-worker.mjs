// A worker thread gets no loader of its parent: this registers tsx, then starts the TypeScript beside it.
import { register } from "tsx/esm/api";

register();
await import("./writer-worker.ts");
