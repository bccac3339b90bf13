/**
 * Named outputs of a board; a board that lacks one ignores it. `drawer` is switched on and off at once for a receipt with
 * cash: the board makes of it a pulse that its drawer's magnet needs (50 to 200 ms), and no longer.
 */
export type Output = "ready" | "offline" | "blocked" | "buzzer" | "drawer";

/**
 * @noSelf
 */
export interface Gpio {
  set(output: Output, on: boolean): void;
}
