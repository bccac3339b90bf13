/**
 * Makes guessing of tokens slow: each wrong one from an address makes the next answer to that register and address wait
 * longer. The register itself is never blocked for them, else anyone could stop a shop (§11.1).
 */
const firstDelayMs = 50;
const delayMaxMs = 2000;
/** Past that many pairs the oldest is forgotten. */
const pairsMax = 4096;

export interface WrongTokens {
  /** How long the answer to this request has to wait, in milliseconds. */
  delayMs(deviceId: number, address: string, isWrong: boolean): number;
}

export function createWrongTokens(): WrongTokens {
  const counts = new Map<string, number>();
  return {
    delayMs(deviceId, address, isWrong) {
      const pair = `${deviceId} ${address}`;
      if (!isWrong) {
        counts.delete(pair);
        return 0;
      }
      const count = (counts.get(pair) ?? 0) + 1;
      counts.delete(pair);
      counts.set(pair, count);
      const [oldest] = counts.keys();
      if (counts.size > pairsMax && oldest !== undefined) counts.delete(oldest);
      return Math.min(firstDelayMs * 2 ** Math.min(count - 1, 16), delayMaxMs);
    },
  };
}
