/** Begins a thread that is written in TypeScript: its file is named by `workerData.module`. */
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
await import(workerData.module);
