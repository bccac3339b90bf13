/** Why an image stopped by itself. What a HAL function throws in Node is not one of these: it comes out unchanged. */

/** A failed assertion; the allocator's limit; the time limit of one step; any other error. */
export type ImageFailure = "assert" | "memory" | "timeout" | "error";

export class ImageFailed extends Error {
  override readonly name = "ImageFailed";
  constructor(
    readonly kind: ImageFailure,
    message: string,
    /** Lua's traceback where the image kept one. */
    readonly luaStack?: string,
  ) {
    super(message);
  }
}

const memoryMessage = "not enough memory";

/** Words an error value of Lua: a string, an Error of typescript-to-lua {message, stack}, or any plain object. */
export function imageFailed(value: unknown, isMemoryError: boolean): ImageFailed {
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const message = typeof fields.message === "string" ? fields.message : wordsOf(value);
  const stack = typeof fields.stack === "string" ? fields.stack : undefined;
  if (isMemoryError || message.endsWith(memoryMessage)) return new ImageFailed("memory", memoryMessage, stack);
  return new ImageFailed(message.startsWith("assert: ") ? "assert" : "error", message, stack);
}

const wordsOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? "nil"));
