/** Whether the Lua of this system can run a Linux board: Debian's lua5.4, lua-luv and lua-luaossl (docs/linux-board.md). */
import { spawnSync } from "node:child_process";

export const linuxPackages = "lua5.4 lua-luv lua-luaossl";

/** Undefined when they are there, else what to do. */
export function linuxPackagesMissing(): string | undefined {
  const asked = spawnSync("lua5.4", ["-e", 'require "luv" require "openssl"']);
  return asked.status === 0 ? undefined : `apt install ${linuxPackages}`;
}
