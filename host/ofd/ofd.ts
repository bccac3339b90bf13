/** The OFD server put together: store, TCP, admin. */
import { type Admin, startAdmin } from "./admin";
import { type OfdServer, type OfdServerOptions, startServer } from "./server";
import { openSqliteStore } from "./store/sqlite";
import type { OfdStore } from "./store/store";

export interface OfdOptions {
  readonly file: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly adminToken: string;
  readonly limits?: OfdServerOptions["limits"];
  readonly onError: (error: Error) => void;
}
export interface Ofd {
  readonly port: number;
  readonly adminPort: number;
  readonly store: OfdStore;
  /** Breaks connections off (registers repeat), finishes what the store has begun, lets go of the file. */
  close(): Promise<void>;
}

export async function startOfd(options: OfdOptions): Promise<Ofd> {
  const store = await openSqliteStore(options.file);
  let server: OfdServer | undefined;
  let admin: Admin;
  try {
    server = await startServer({ ...options, store });
    admin = await startAdmin({ store, port: options.adminPort, token: options.adminToken });
  } catch (error) {
    await server?.close();
    await store.close();
    throw error;
  }
  const { port } = server;
  const closeServer = server.close;
  return {
    port,
    adminPort: admin.port,
    store,
    async close() {
      await Promise.all([closeServer(), admin.close()]);
      await store.close();
    },
  };
}
