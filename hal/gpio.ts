/** Named outputs of a board; a board that lacks one ignores it. */
export type Output = "ready" | "offline" | "blocked" | "buzzer" | "drawer";

/**
 * @noSelf
 */
export interface Gpio {
  set(output: Output, on: boolean): void;
}
