// What the chart draws: one point per market second, and the hedges.

import { millis, numeric } from "./format.ts";
import type { HistoryPoint, Operation } from "./types.ts";

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

/** Points in order of market time, the newest word for each second. */
export function points(history: readonly HistoryPoint[]): Point[] {
  const bySecond = new Map<number, Point>();
  for (const point of history) {
    const ms = millis(point.marketTime);
    const spot = numeric(point.spot);
    const delta = numeric(point.netDelta);
    if (ms === null || (spot === null && delta === null)) continue;
    const second = Math.floor(ms / 1000);
    const known = bySecond.get(second);
    bySecond.set(second, { time: second, spot: spot ?? known?.spot ?? null, delta: delta ?? known?.delta ?? null });
  }
  return [...bySecond.values()].sort((a, b) => a.time - b.time);
}

/** Fills in the underlying, one per order, oldest first. */
export function hedges(operations: readonly Operation[], symbol: string): Hedge[] {
  const byOrder = new Map<string, Hedge>();
  for (let i = operations.length - 1; i >= 0; i -= 1) {
    const o = operations[i];
    const ms = millis(o?.eventTime);
    const size = numeric(o?.quantity);
    const price = numeric(o?.price);
    if (!o || o.type !== "FILL" || o.instrumentId !== symbol || ms === null || size === null || price === null) continue;
    const key = o.clientOrderId || o.operationId;
    const known = byOrder.get(key);
    const quantity = (known?.quantity ?? 0) + size;
    const value = (known ? known.price * known.quantity : 0) + price * size;
    byOrder.set(key, { time: Math.floor(ms / 1000), side: o.side === "SIDE_SELL" ? "sell" : "buy", quantity, price: value / quantity });
  }
  return [...byOrder.values()].sort((a, b) => a.time - b.time);
}
