// Neighbouring decisions that say the same, as one line.

import type { Decision } from "./types.ts";

export interface Run {
  /** The newest of them. */
  decision: Decision;
  /** The oldest of them. */
  first: Decision;
  count: number;
}

const failing = (d: Decision): string =>
  Object.entries(d.gates ?? {})
    .filter(([, verdict]) => verdict === "FAIL")
    .map(([gate]) => gate)
    .join(" ");

const saying = (d: Decision): string =>
  d.intentId ? `intent ${d.sequence}` : `${d.tradingFsmState ?? ""} ${d.blockReason ?? ""} ${failing(d)}`;

/** Newest first, only those at either end of a run stay: what lies between says nothing new. */
export function thinned(decisions: readonly Decision[]): Decision[] {
  return decisions.filter((decision, index) => {
    const newer = decisions[index - 1];
    const older = decisions[index + 1];
    return !newer || !older || saying(newer) !== saying(decision) || saying(older) !== saying(decision);
  });
}

/** Puts the newest decision before the others, which are thinned already. */
export function prepend(decisions: Decision[], newest: Decision): void {
  const [last, before] = decisions;
  const goesOn = last && before && saying(last) === saying(newest) && saying(before) === saying(newest);
  if (goesOn) decisions[0] = newest;
  else decisions.unshift(newest);
}

/** Runs of decisions, newest first, as their input is; at most `limit`. A run's sequence has no gaps. */
export function runs(decisions: readonly Decision[], limit: number): Run[] {
  const found: Run[] = [];
  let said = "";
  for (const decision of decisions) {
    const now = saying(decision);
    const last = found[found.length - 1];
    if (last && now === said) {
      last.count = Number(last.decision.sequence) - Number(decision.sequence) + 1;
      last.first = decision;
      continue;
    }
    if (found.length === limit) break;
    said = now;
    found.push({ decision, first: decision, count: 1 });
  }
  return found;
}
