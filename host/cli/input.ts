/** Files that the user named. What cannot be read is FILE_UNREADABLE, with the file and the system's reason. */
import { readFileSync } from "node:fs";
import { DeviceRefusal } from "../device/device-error";

/** Throws FILE_UNREADABLE. */
export const readText = (file: string): string => orUnreadable(file, () => readFileSync(file, "utf8"));

/** Throws FILE_UNREADABLE and JSON_INVALID; what stands in the file is never quoted, a card holds secrets. */
export function readJson(file: string): unknown {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch {
    throw new DeviceRefusal("JSON_INVALID", { file });
  }
}

/** Throws FILE_UNREADABLE when `read` fails. */
export function orUnreadable<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new DeviceRefusal("FILE_UNREADABLE", { file, reason: (error as NodeJS.ErrnoException).code ?? "" });
  }
}
