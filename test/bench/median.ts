/** Measuring: medians of repeated runs, rounded to what they are worth. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const pair = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]] as [number, number];
  return (pair[0] + pair[1]) / 2;
}

/** Milliseconds that the work takes. */
export function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

export const tenths = (value: number): number => Math.round(value * 10) / 10;
export const hundredths = (value: number): number => Math.round(value * 100) / 100;
/** Three digits that count: rates differ more than that from run to run. */
export const threeDigits = (value: number): number => Number(value.toPrecision(3));
