/**
 * GET /v1/receipts/{id}/timeline: every step of a receipt with its time, as far as anybody saw it.
 *
 *   accepted ─ uploaded ─ submitted ─ journalled ─ sent ─ answered ─ done ─ printed ─ delivered
 *
 * The service's own times are in milliseconds of its clock; what it did not see itself (it was restarted, or the queue
 * was sent at night) comes from the records of the log, in seconds of the module's clock.
 */
import type { ReceiptRow } from "./mirror-store";

export interface TimelineStep {
  readonly step: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly source: "service" | "module";
  /** Since `accepted`, when this service saw both. */
  readonly sinceAcceptedMs?: number;
}

const order = [
  "accepted",
  "uploaded",
  "submitted",
  "journalled",
  "sent",
  "answered",
  "done",
  "printed",
  "delivered",
] as const;
type Step = (typeof order)[number];

export function timelineOf(row: ReceiptRow, seen: readonly { name: string; atMs: number }[]): TimelineStep[] {
  const seenAtMs = new Map(seen.map(({ name, atMs }) => [name, atMs]));
  const recordedAtS: { readonly [S in Step]?: number } = {
    journalled: row.utcS,
    answered: row.answer?.outcome === "autonomous" ? undefined : row.outcomeUtcS,
    done: row.outcomeUtcS,
    printed: row.printedUtcS,
    delivered: row.deliveredUtcS,
  };
  const acceptedAtMs = seenAtMs.get("accepted");
  return order.flatMap((step): TimelineStep[] => {
    const atMs = seenAtMs.get(step);
    const atS = recordedAtS[step];
    if (atMs !== undefined) {
      const sinceAcceptedMs = acceptedAtMs === undefined ? undefined : atMs - acceptedAtMs;
      return [{ step, at: new Date(atMs).toISOString(), source: "service", sinceAcceptedMs }];
    }
    return atS === undefined ? [] : [{ step, at: new Date(atS * 1000).toISOString(), source: "module" }];
  });
}
