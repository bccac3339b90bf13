#!/usr/bin/env node
/** The command `kassa`: teaches Node TypeScript, then hands over to kassa.ts. */
import { register } from "tsx/esm/api";

register();
await import("./kassa.ts");
