// Who speaks, for which strategy, at what time; and the switch between light and dark.

import { h, keyed, setAttribute, setText } from "../dom.ts";
import { localClock, localDay, marketClock, marketDay, millis } from "../format.ts";
import type { Model } from "../model.ts";
import type { Strategy } from "../types.ts";
import { ThemeButton } from "../theme.ts";
import { colourOf } from "./lamp.ts";

const STATES = { connecting: "connecting", live: "live", lost: "disconnected", recorded: "recorded" };

export class HeaderView {
  private readonly mode = h("span", { class: "mode" });
  private readonly account = h("span", { class: "who" });
  private readonly select = h("select", { id: "strategy", "aria-label": "Strategy" });
  private readonly market = h("time", { class: "clock" });
  private readonly local = h("time", { class: "clock" });
  private readonly link = h("span", { class: "link", id: "connection" });
  readonly theme = new ThemeButton();
  readonly element: HTMLElement;

  constructor(onSelect: (strategy: string) => void) {
    this.select.addEventListener("change", () => onSelect(this.select.value));
    this.element = h(
      "header",
      { class: "top" },
      h("h1", {}, "Hedgerow"),
      this.mode,
      h("label", { class: "strategy" }, this.select),
      this.account,
      h("span", { class: "spring" }),
      h(
        "span",
        { class: "clocks" },
        h("span", {}, h("small", {}, "Market"), this.market),
        h("span", {}, h("small", {}, "Local"), this.local),
      ),
      this.link,
      this.theme.element,
    );
  }

  update(model: Model): void {
    const { status, session } = model.data;
    setText(this.mode, (status?.brokerMode ?? "").toUpperCase());
    setAttribute(this.mode, "data-mode", status?.brokerMode ?? null);
    setAttribute(this.mode, "hidden", status?.brokerMode ? null : "");
    setText(this.account, session ?? "");
    keyed(
      this.select,
      model.strategies,
      (each) => each.strategy,
      (each) => h("option", { value: each.strategy }),
      (option, each) => setText(option, optionText(each, model)),
    );
    setAttribute(this.select, "disabled", model.strategies.length < 2 ? "" : null);
    const chosen = model.strategy?.strategy ?? "";
    if (this.select.value !== chosen) this.select.value = chosen;
    const market =
      model.fresh || model.connection.state === "recorded"
        ? (millis(model.snapshot.market_ts) ?? millis(status?.marketTime))
        : null;
    setText(this.market, market === null ? "–" : `${marketClock(market)} ET`);
    setAttribute(this.market, "title", marketDay(market));
    const now = model.connection.state === "recorded" ? model.now() : Date.now();
    setText(this.local, localClock(now));
    setAttribute(this.local, "title", localDay(now));
    setText(this.link, STATES[model.connection.state]);
    setAttribute(this.link, "data-state", model.connection.state);
  }
}

function optionText(each: Strategy, model: Model): string {
  return model.strategies.length < 2
    ? each.strategy
    : `${each.strategy} (${model.fresh ? colourOf(each.statusLamp) : "not known"})`;
}
