// How far an option is in the money.

import type { Instrument } from "./types.ts";
import { numeric } from "./format.ts";

export type Moneyness = { label: "ITM" | "ATM" | "OTM"; percent: number };

/** Percent of the strike within which an option is at the money. */
export const AT_THE_MONEY_PCT = 0.5;

/** Percent of the strike the option is in the money, below zero when out of it; null for a stock or without a spot. */
export function moneyness(instrument: Instrument, spot: number | null): Moneyness | null {
  const strike = numeric(instrument.strike);
  if (strike === null || strike <= 0 || spot === null || instrument.secType !== "SEC_TYPE_OPT") return null;
  const above = (spot / strike - 1) * 100;
  const percent = instrument.right === "RIGHT_PUT" ? -above : above;
  const label = Math.abs(percent) <= AT_THE_MONEY_PCT ? "ATM" : percent > 0 ? "ITM" : "OTM";
  return { label, percent };
}
