// The figures an operator looks at first.

import { h, setAttribute, setText } from "../dom.ts";
import { duration, fixed, marketClock, millis, signed, localClock } from "../format.ts";
import type { Model } from "../model.ts";

interface Fact {
  id: string;
  label: string;
  show: (model: Model) => { value: string; note: string; tone?: string };
}

const tone = (value: number | null): string =>
  value === null || Math.abs(value) < 0.005 ? "" : value > 0 ? "gain" : "loss";

const FACTS: Fact[] = [
  {
    id: "spot",
    label: "Spot",
    show: ({ snapshot: s }) => ({
      value: fixed(s.spot ?? null),
      note: s.bid != null && s.ask != null ? `${fixed(s.bid)} / ${fixed(s.ask)}` : "no two-sided quote",
    }),
  },
  {
    id: "net-delta",
    label: "Net delta",
    show: ({ snapshot: s }) => ({
      value: signed(s.net_delta ?? null, 1),
      note: `hedges at ±${fixed(s.config?.gates?.state?.delta?.hedge_threshold ?? null, 0)} shares`,
    }),
  },
  {
    id: "daily-pnl",
    label: "Daily P&L",
    show: ({ snapshot: s }) => ({
      value: signed(s.daily_pnl ?? null),
      note: `halts at −${fixed(s.config?.gates?.guard?.risk?.max_daily_loss_usd ?? null, 0)}`,
      tone: tone(s.daily_pnl ?? null),
    }),
  },
  {
    id: "hedges",
    label: "Hedges today",
    show: ({ snapshot: s }) => ({
      value: `${s.daily_hedge_count ?? 0}`,
      note: `of ${s.config?.gates?.guard?.risk?.max_daily_hedge_count ?? "–"}${s.last_hedge_time ? `, last ${marketClock(millis(s.last_hedge_time))}` : ""}`,
    }),
  },
  {
    id: "heartbeat",
    label: "Heartbeat",
    show: (model) => {
      const at = millis(model.strategy?.heartbeatTime ?? model.snapshot.ts);
      const age = at === null ? null : model.now() - at;
      if (model.connection.state === "recorded") return { value: localClock(at), note: "the last one" };
      return {
        value: at === null ? "–" : `${duration(age)} ago`,
        note: at === null ? "never" : localClock(at),
        tone: age !== null && age > 3000 && model.fresh ? "loss" : "",
      };
    },
  },
  {
    id: "last-ack",
    label: "Acknowledged",
    show: (model) => {
      const at = millis(model.snapshot.last_ack_ts);
      return {
        value: at === null ? "none yet" : `${duration(model.now() - at)} ago`,
        note: at === null ? "no order acknowledged" : localClock(at),
      };
    },
  },
  {
    id: "data-lag",
    label: "Data lag",
    show: ({ snapshot: s }) => ({
      value: s.data_lag_ms == null ? "–" : `${fixed(s.data_lag_ms, 1)} ms`,
      note: "market data to daemon",
    }),
  },
  {
    id: "next-retry",
    label: "Broker",
    show: (model) => {
      const at = millis(model.snapshot.next_retry_ts) ?? millis(model.data.portfolio?.link?.nextRetryTime);
      if (at !== null) return { value: `retry in ${duration(at - model.now())}`, note: localClock(at), tone: "loss" };
      const state = (model.data.portfolio?.link?.state ?? "").replace("LINK_STATE_", "").toLowerCase();
      return { value: state || "–", note: "no retry due" };
    },
  },
];

export class FactsView {
  private readonly cells = FACTS.map((fact) => {
    const value = h("dd", { class: "value" });
    const note = h("dd", { class: "note" });
    return {
      fact,
      value,
      note,
      element: h("div", { class: "fact", id: `fact-${fact.id}` }, h("dt", {}, fact.label), value, note),
    };
  });
  readonly element = h("dl", { class: "facts" }, ...this.cells.map((cell) => cell.element));

  update(model: Model): void {
    for (const { fact, value, note } of this.cells) {
      const found = fact.show(model);
      setText(value, found.value);
      setText(note, found.note);
      setAttribute(value, "data-tone", found.tone || null);
    }
  }
}
