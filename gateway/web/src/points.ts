// What the chart draws: one point per market second, and the hedges.

import { millis, numeric } from "./format.ts";
import type { Operation } from "./types.ts";

export interface Point {
  /** Market seconds since 1970. */
  time: number;
  spot: number | null;
  delta: number | null;
}

export interface Hedge {
  time: number;
  side: "buy" | "sell";
  quantity: number;
  /** Average of its fills, currency per share. */
  price: number;
}

const KEPT = 10_000;
const SLACK = 1000;

/** Points in order of market time, one per second; what comes newest is the cheapest to add. */
export class Track {
  readonly points: Point[] = [];
  /** Counts changes. */
  version = 0;

  /** What was known at that market time: the later word for a second wins, an unknown value leaves the known one. */
  put(marketTime: string | undefined, spotThen: unknown, deltaThen: unknown): void {
    const ms = millis(marketTime);
    const spot = numeric(spotThen as number);
    const delta = numeric(deltaThen as number);
    if (ms === null || (spot === null && delta === null)) return;
    const time = Math.floor(ms / 1000);
    const at = this.place(time);
    const known = this.points[at];
    if (known?.time === time) {
      known.spot = spot ?? known.spot;
      known.delta = delta ?? known.delta;
    } else {
      this.points.splice(at, 0, { time, spot, delta });
      if (this.points.length > KEPT + SLACK) this.points.splice(0, SLACK);
    }
    this.version += 1;
  }

  /** Where a point of that second is or belongs. */
  private place(time: number): number {
    let low = 0;
    let high = this.points.length;
    const last = this.points[high - 1];
    if (!last || last.time < time) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle] as Point).time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Fills in the underlying, one per order, oldest first. */
export function hedges(operations: readonly Operation[], symbol: string): Hedge[] {
  const byOrder = new Map<string, Hedge>();
  for (let i = operations.length - 1; i >= 0; i -= 1) {
    const o = operations[i];
    const ms = millis(o?.eventTime);
    const size = numeric(o?.quantity);
    const price = numeric(o?.price);
    if (!o || o.type !== "FILL" || o.instrumentId !== symbol || ms === null || size === null || price === null)
      continue;
    const key = o.clientOrderId || o.operationId;
    const known = byOrder.get(key);
    const quantity = (known?.quantity ?? 0) + size;
    const value = (known ? known.price * known.quantity : 0) + price * size;
    byOrder.set(key, {
      time: Math.floor(ms / 1000),
      side: o.side === "SIDE_SELL" ? "sell" : "buy",
      quantity,
      price: value / quantity,
    });
  }
  return [...byOrder.values()].sort((a, b) => a.time - b.time);
}
