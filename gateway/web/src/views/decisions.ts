// "Why not?": the last evaluations with their block reason, and every gate's verdict of one of them.

import { h, keyed, panel, setAttribute, setText } from "../dom.ts";
import { fixed, marketClock, millis, numeric, signed } from "../format.ts";
import type { Model } from "../model.ts";
import { type Run, runs } from "../runs.ts";
import type { Decision } from "../types.ts";
import { GATES, QUIET, meaning } from "../words.ts";

const SHOWN = 40;
const MARKS: Record<string, string> = { PASS: "✓", FAIL: "✕", NOT_EVALUATED: "·" };
const VERDICTS: Record<string, string> = { PASS: "passes", FAIL: "fails", NOT_EVALUATED: "not evaluated" };

/** One evaluation's outcome in a line. */
export function outcome(d: Decision): string {
  if (d.intentId) return `hedge sent: ${signed(numeric(d.intentQuantity), 0)} shares`;
  if (!d.blockReason) return "hedge on its way";
  return meaning(d.blockReason);
}

export class DecisionsView {
  private readonly heading = h("p", { class: "verdict", id: "why-not", "aria-live": "off" });
  private readonly gates = h("ul", { class: "gates", "aria-label": "Gates of this evaluation" });
  private readonly list = h("ol", {
    class: "log",
    id: "decision-list",
    tabindex: "0",
    "aria-label": "Evaluations, newest first",
  });
  private readonly note = h("p", { class: "empty" });
  private readonly newest = h("button", { type: "button", class: "quiet", onclick: () => this.pin("") }, "Show newest");
  private pinned = "";
  private model: Model | null = null;
  readonly element = panel(
    "decisions",
    "Why not?",
    h("div", { class: "verdict-row" }, this.heading, this.newest),
    this.gates,
    this.note,
    this.list,
  );

  update(model: Model): void {
    this.model = model;
    const { decisions } = model.own;
    const chosen = decisions.find((d) => d.sequence === this.pinned) ?? decisions[0];
    setAttribute(this.newest, "hidden", this.pinned && chosen?.sequence === this.pinned ? null : "");
    setText(
      this.heading,
      chosen ? `${marketClock(millis(chosen.marketTime))} ET · #${chosen.sequence} · ${outcome(chosen)}` : "",
    );
    setAttribute(this.heading, "data-blocked", chosen && !QUIET.has(chosen.blockReason ?? "") ? "" : null);
    const verdicts = chosen?.gates ?? {};
    const names = [
      ...GATES.filter((gate) => gate in verdicts),
      ...Object.keys(verdicts)
        .filter((gate) => !GATES.includes(gate))
        .sort(),
    ];
    keyed(
      this.gates,
      names,
      (gate) => gate,
      (gate) =>
        h(
          "li",
          { title: meaning(gate) },
          h("span", { class: "mark", "aria-hidden": "true" }),
          h("span", { class: "gate" }, gate),
          h("span", { class: "hidden" }),
        ),
      (item, gate) => {
        const verdict = verdicts[gate] ?? "";
        setAttribute(item, "data-verdict", verdict);
        setText(item.children[0] as Element, MARKS[verdict] ?? "?");
        setText(item.children[2] as Element, ` ${VERDICTS[verdict] ?? verdict}`);
      },
    );
    keyed(
      this.list,
      runs(decisions, SHOWN),
      (run) => run.first.sequence,
      () => this.line(),
      (item, run) => this.show(item, run),
    );
    const missing = model.missing.get("decisions") ?? "";
    setText(
      this.note,
      missing ? `Decisions are not current: ${missing}` : decisions.length ? "" : "No evaluation yet.",
    );
  }

  private line(): HTMLElement {
    const button = h(
      "button",
      { type: "button" },
      ...["time", "state", "what", "delta number", "spot number", "count number"].map((name) =>
        h("span", { class: name }),
      ),
    );
    button.addEventListener("click", () => this.pin(button.dataset["sequence"] ?? ""));
    return h("li", {}, button);
  }

  private show(item: HTMLElement, run: Run): void {
    const { decision: d } = run;
    const button = item.firstElementChild as HTMLButtonElement;
    button.dataset["sequence"] = d.sequence;
    setAttribute(item, "data-blocked", QUIET.has(d.blockReason ?? "") ? null : "");
    setAttribute(item, "data-intent", d.intentId ? "" : null);
    setAttribute(item, "data-reason", d.blockReason || null);
    setAttribute(button, "aria-current", this.pinned === d.sequence ? "true" : null);
    const texts = [
      marketClock(millis(d.marketTime)),
      d.tradingFsmState ?? "",
      outcome(d),
      `Δ ${signed(numeric(d.netDelta), 1)}`,
      fixed(numeric(d.spot)),
      run.count > 1 ? `×${run.count}` : "",
    ];
    texts.forEach((text, index) => setText(button.children[index] as Element, text));
  }

  private pin(sequence: string): void {
    this.pinned = sequence;
    if (this.model) this.update(this.model);
  }
}
