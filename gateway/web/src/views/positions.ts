// Positions per instrument and owner with price, profit and moneyness; the greeks of the strategy's legs.

import { h, keyed, panel, row, setAttribute, setText, table } from "../dom.ts";
import { fixed, numeric, quantity, signed } from "../format.ts";
import type { Model } from "../model.ts";
import { moneyness } from "../moneyness.ts";
import type { LegGreeks, Position } from "../types.ts";

const COLUMNS = ["Instrument", "Owner", "Quantity", "Average", "Price", "P&L", "Moneyness"];
const NUMBERS = [2, 3, 4, 5, 6];
const GREEK_COLUMNS = ["Leg", "Delta", "Gamma", "Vega / pt", "Theta / day", "Implied vol"];
const GREEK_NUMBERS = [1, 2, 3, 4, 5];
const DAYS = 365;

function fill(cells: HTMLCollection, texts: readonly string[]): void {
  texts.forEach((text, index) => {
    const cell = cells[index];
    if (cell) setText(cell, text);
  });
}

const held = (position: Position): number => numeric(position.quantity) ?? 0;

/** Stock before options, then by instrument and owner; what is held no more and never earned is left out. */
export function listed(positions: readonly Position[]): Position[] {
  const rank = (p: Position): string =>
    `${p.account} ${p.instrument.symbol} ${p.instrument.secType === "SEC_TYPE_OPT" ? 1 : 0} ${p.instrument.instrumentId} ${p.owner}`;
  return positions
    .filter((p) => held(p) !== 0 || numeric(p.realizedPnl))
    .sort((a, b) => rank(a).localeCompare(rank(b)));
}

export class PositionsView {
  private readonly rows = table("Positions", COLUMNS, NUMBERS, "cards");
  private readonly total = h("p", { class: "sum" });
  private readonly note = h("p", { class: "empty" });
  private readonly breaks = h("ul", { class: "breaks" });
  readonly element = panel("positions", "Positions", this.rows.table, this.note, this.total, this.breaks);

  update(model: Model): void {
    const positions = listed(model.data.portfolio?.positions ?? []);
    keyed(
      this.rows.body,
      positions,
      (p) => `${p.account} ${p.owner} ${p.instrument.instrumentId}`,
      () => row(COLUMNS, NUMBERS),
      (element, position) => this.show(element, position, model),
    );
    setAttribute(this.rows.table, "hidden", positions.length ? null : "");
    const missing = model.missing.get("positions") ?? "";
    setText(this.note, missing ? `Positions are not current: ${missing}` : positions.length ? "" : "No positions.");
    const profits = positions.map((p) => (numeric(p.unrealizedPnl) ?? 0) + (numeric(p.realizedPnl) ?? 0));
    const costs = positions.reduce((sum, p) => sum + (numeric(p.commissions) ?? 0), 0);
    const sum = profits.reduce((all, each) => all + each, 0);
    setText(this.total, positions.length ? `Total ${signed(sum)} · commissions ${fixed(costs)}` : "");
    const breaks = model.data.portfolio?.breaks ?? [];
    keyed(
      this.breaks,
      breaks,
      (b) => `${b.account} ${b.instrumentId}`,
      () => h("li"),
      (element, b) =>
        setText(
          element,
          `${b.instrumentId}: ledger ${b.ledgerQuantity?.value ?? "0"}, broker ${b.brokerQuantity?.value ?? "0"}`,
        ),
    );
  }

  private show(element: HTMLElement, p: Position, model: Model): void {
    const profit = (numeric(p.unrealizedPnl) ?? 0) + (numeric(p.realizedPnl) ?? 0);
    const found = moneyness(p.instrument, model.spotOf(p.instrument.symbol));
    const isOption = p.instrument.secType === "SEC_TYPE_OPT";
    const known = numeric(p.unrealizedPnl) !== null || held(p) === 0;
    fill(element.children, [
      p.instrument.instrumentId,
      p.owner,
      quantity(held(p), true),
      held(p) === 0 ? "–" : fixed(numeric(p.averagePrice)),
      fixed(numeric(p.markPrice)),
      known ? signed(profit) : "–",
      found ? `${found.label} ${signed(found.percent)} %` : isOption ? "–" : "",
    ]);
    setAttribute(element, "data-instrument", p.instrument.instrumentId);
    setAttribute(element, "data-owner", p.owner);
    setAttribute(
      element.children[5] as Element,
      "data-tone",
      known && Math.abs(profit) >= 0.005 ? (profit > 0 ? "gain" : "loss") : null,
    );
    setAttribute(element.children[6] as Element, "data-moneyness", found?.label ?? null);
  }
}

interface Line extends LegGreeks {
  name: string;
  key: string;
}

export class GreeksView {
  private readonly rows = table("Greeks", GREEK_COLUMNS, GREEK_NUMBERS, "plain");
  private readonly note = h("p", { class: "empty" });
  readonly element = panel("greeks", "Greeks", this.rows.table, this.note);

  update(model: Model): void {
    const lines = greekLines(model);
    keyed(
      this.rows.body,
      lines,
      (line) => line.key,
      () => row(GREEK_COLUMNS, GREEK_NUMBERS),
      (element, line) => {
        const scaled = (value: number | null, by: number): number | null => (value === null ? null : value / by);
        fill(element.children, [
          line.name,
          signed(line.delta, 1),
          line.gamma === null ? "" : signed(line.gamma, 2),
          line.vega === null ? "" : signed(scaled(line.vega, 100), 0),
          line.theta === null ? "" : signed(scaled(line.theta, DAYS), 0),
          line.implied_volatility === null
            ? ""
            : `${fixed(line.implied_volatility * 100, 1)} %${line.provenance === "STALE" ? " stale" : ""}`,
        ]);
        setAttribute(element, "class", line.key === "net" ? "total" : null);
      },
    );
    setAttribute(this.rows.table, "hidden", lines.length ? null : "");
    setText(this.note, lines.length ? "" : "No legs.");
  }
}

const greekless = { gamma: null, vega: null, theta: null, implied_volatility: null, provenance: "" };

/** Legs, the stock, and the net of all as the strategy sees it. */
export function greekLines({ snapshot: s }: Model): Line[] {
  const legs = Object.entries(s.leg_greeks ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const lines: Line[] = legs.map(([key, greeks]) => ({ ...greeks, name: key, key }));
  if (s.stock_position)
    lines.push({ ...greekless, name: `${s.symbol ?? ""} stock`, key: "stock", delta: s.stock_position });
  if (s.net_delta == null) return lines;
  return [
    ...lines,
    {
      ...greekless,
      name: "Net",
      key: "net",
      delta: s.net_delta,
      gamma: s.gamma ?? null,
      vega: s.vega ?? null,
      theta: s.theta ?? null,
    },
  ];
}
