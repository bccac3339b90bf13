/** A module for the time of one command. */
import { brokerSocket, isAnswered } from "../device/broker";
import { brokerScheme } from "../device/connection";
import { type FiscalDevice, openFiscalDevice } from "../device/fiscal-device";
import { baudAtStart } from "../device/serial-link";
import { UsageError } from "./args";
import { homeFolder } from "./home";

const presentMaxMs = 10_000;

/** Opens the module: through the broker when the register service owns the port. */
export async function withDevice(port: unknown, work: (device: FiscalDevice) => Promise<number>): Promise<number> {
  const home = homeFolder();
  const socket = brokerSocket(home);
  const isBrokered = port === undefined && (await isAnswered(socket));
  const chosen = isBrokered ? brokerScheme + socket : port === undefined ? undefined : String(port);
  const device = openFiscalDevice({ home, port: chosen, baud: baudAtStart });
  try {
    await device.present(presentMaxMs);
    return await work(device);
  } finally {
    await device.close();
  }
}

/** A session of the operator that was named on the command line. */
export async function signIn(device: FiscalDevice, user: string): Promise<Buffer> {
  const [operator, pin] = user.split(":");
  if (!/^\d+$/.test(operator ?? "") || pin === undefined) {
    throw new UsageError(`-u: expected OPERATOR:PIN, such as 1:0000`);
  }
  return (await device.login(Number(operator), pin)).session;
}
