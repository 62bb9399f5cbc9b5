// Machine states, the composite state of the last evaluation, account, services.

import { h, keyed, panel, setAttribute, setText } from "../dom.ts";
import { duration, fixed, localClock, localDay, marketClock, millis, numeric, words } from "../format.ts";
import type { Model } from "../model.ts";
import type { Account, Decision, Service } from "../types.ts";

const ATTENTION = new Set([
  "SAFE",
  "STOPPED",
  "HALTED",
  "REDUCING",
  "WAITING_IB",
  "RUNNING_SUSPENDED",
  "FAIL",
  "RECOVER",
  "GREEKS_BAD",
  "DATA_LAG",
  "RISK_HALT",
  "NO_QUOTE",
  "EXTREME_WIDE",
  "STALE",
  "GAP",
  "INVALID",
  "FORCE_HEDGE",
  "BROKER_ERROR",
  "DISCONNECTED",
]);

function pair(label: string, id: string): { element: HTMLElement; value: HTMLElement } {
  const value = h("dd", { id });
  return { value, element: h("div", {}, h("dt", {}, label), value) };
}

function show(value: HTMLElement, code: string): void {
  setText(value, code || "–");
  setAttribute(value, "data-attention", ATTENTION.has(code) ? "" : null);
}

const COMPOSITE: [string, string, keyof Decision][] = [
  ["Option position", "composite-o", "optionPosition"],
  ["Delta deviation", "composite-d", "deltaDeviation"],
  ["Market regime", "composite-m", "marketRegime"],
  ["Liquidity", "composite-l", "liquidity"],
  ["Execution", "composite-e", "executionState"],
  ["System health", "composite-s", "systemHealth"],
];

export class MachinesView {
  private readonly machines = {
    daemon_state: pair("Daemon", "daemon-state"),
    trading_fsm_state: pair("Trading FSM", "trading-fsm"),
    hedge_fsm_state: pair("Hedge FSM", "hedge-fsm"),
    trading_state: pair("Trading state", "trading-state"),
  };
  private readonly composite = COMPOSITE.map(([label, id, key]) => ({ key, ...pair(label, id) }));
  readonly element = panel(
    "machines",
    "State",
    h("dl", { class: "pairs strong" }, ...Object.values(this.machines).map((each) => each.element)),
    h("dl", { class: "pairs" }, ...this.composite.map((each) => each.element)),
  );

  update(model: Model): void {
    for (const [key, { value }] of Object.entries(this.machines)) {
      show(value, String(model.snapshot[key as keyof typeof this.machines] ?? ""));
    }
    const last = model.own.decisions[0];
    for (const { key, value } of this.composite) show(value, String(last?.[key] ?? ""));
  }
}

export class AccountView {
  private readonly list = h("div", { class: "accounts" });
  private readonly note = h("p", { class: "empty" });
  readonly element: HTMLElement;

  constructor(refresh: HTMLElement | null) {
    this.element = panel("account", "Account", this.list, this.note, refresh);
  }

  update(model: Model): void {
    const accounts = model.data.portfolio?.accounts ?? [];
    keyed(
      this.list,
      accounts,
      (each) => each.account,
      () => h("dl", { class: "pairs" }),
      (element, account) => this.show(element, account, model),
    );
    setText(
      this.note,
      accounts.length
        ? ""
        : `Not fetched yet${model.missing.has("accounts") ? `: ${model.missing.get("accounts") ?? ""}` : "."}`,
    );
  }

  private show(element: HTMLElement, account: Account, model: Model): void {
    const at = millis(account.fetchTime);
    const rows: [string, string][] = [
      ["Account", account.account],
      ["Net liquidation", `${fixed(numeric(account.netLiquidation))} ${account.currency ?? ""}`],
      ["Balance", `${fixed(numeric(account.balance))} ${account.currency ?? ""}`],
      ["Buying power", `${fixed(numeric(account.buyingPower))} ${account.currency ?? ""}`],
      ["Fetched at", at === null ? "never" : `${localClock(at)} · ${duration(model.now() - at)} ago`],
    ];
    keyed(
      element,
      rows,
      ([label]) => label,
      ([label]) => h("div", {}, h("dt", {}, label), h("dd")),
      (each, [, text]) => setText(each.lastElementChild as Element, text),
    );
  }
}

export class ServicesView {
  private readonly list = h("ul", { class: "services" });
  private readonly note = h("p", { class: "empty" });
  readonly element = panel("services", "Services", this.list, this.note);

  update(model: Model): void {
    const services = model.data.status?.services ?? [];
    keyed(
      this.list,
      services,
      (each) => each.service,
      () => h("li", {}, h("span", { class: "mark" }), h("span", { class: "name" }), h("span", { class: "detail" })),
      (element, each) => this.show(element, each, model),
    );
    setText(this.note, services.length ? "" : "No process runs.");
  }

  private show(element: HTMLElement, each: Service, model: Model): void {
    const serving = each.serving === true;
    setAttribute(element, "data-serving", model.fresh ? String(serving) : "unknown");
    const [mark, name, detail] = element.children as unknown as [Element, Element, Element];
    setText(mark, !model.fresh ? "?" : serving ? "✓" : "✕");
    setText(name, each.service);
    const seen = millis(each.lastSeenTime);
    setText(
      detail,
      model.fresh && serving
        ? "serving"
        : `${each.detail || (model.fresh ? "does not answer" : "not known")}${seen ? `, last ${localClock(seen)}` : ""}`,
    );
  }
}

export class AboutView {
  private readonly text = h("dl", { class: "pairs about" });
  readonly element = panel("about", "Configuration", this.text);

  update(model: Model): void {
    const s = model.snapshot;
    const state = s.config?.gates?.state?.delta;
    const hedge = s.config?.gates?.intent?.hedge;
    const market = millis(s.market_ts);
    const rows: [string, string][] = [
      ["Strategy", `${s.strategy ?? "–"} · ${words(s.config?.kind)}`],
      ["Run", s.run_id ?? "–"],
      [
        "Delta bands",
        `${state?.epsilon_band ?? "–"} / ${state?.hedge_threshold ?? "–"} / ${state?.max_delta_limit ?? "–"} shares`,
      ],
      ["Cost gate", `${hedge?.cooldown_seconds ?? "–"} s · ${hedge?.min_price_move_pct ?? "–"} %`],
      ["Config hash", (s.config_hash ?? "–").slice(0, 16)],
      ["Code version", s.code_version ?? "–"],
      ["Market time", market === null ? "–" : `${marketClock(market)} ET`],
      ["Snapshot", millis(s.ts) === null ? "–" : `${localDay(millis(s.ts))} ${localClock(millis(s.ts))}`],
    ];
    keyed(
      this.text,
      rows,
      ([label]) => label,
      ([label]) => h("div", {}, h("dt", {}, label), h("dd")),
      (each, [label, text]) => {
        setText(each.lastElementChild as Element, text);
        if (label === "Config hash") setAttribute(each.lastElementChild as Element, "title", s.config_hash ?? null);
      },
    );
  }
}
