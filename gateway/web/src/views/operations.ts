// What touched, or tried to touch, a position or a process.

import { h, keyed, panel, row, setAttribute, setText, table } from "../dom.ts";
import { fixed, localClock, localDay, marketClock, marketDay, millis, numeric, quantity } from "../format.ts";
import type { Model } from "../model.ts";
import type { Operation } from "../types.ts";
import { bare } from "../words.ts";

const COLUMNS = ["Market", "Local", "Type", "Instrument", "Side", "Quantity", "Price", "State", "Reason"];
const NUMBERS = [5, 6];
const SHOWN = 60;

export class OperationsView {
  private readonly rows = table("Operations, newest first", COLUMNS, NUMBERS, "cards operations");
  private readonly note = h("p", { class: "empty" });
  readonly element = panel(
    "operations",
    "Operations",
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Operations, newest first" },
      this.rows.table,
    ),
    this.note,
  );

  update(model: Model): void {
    const { operations } = model.own;
    keyed(
      this.rows.body,
      operations.slice(0, SHOWN),
      (each) => each.operationId,
      () => row(COLUMNS, NUMBERS),
      (element, each) => this.show(element, each),
    );
    setAttribute(this.rows.table, "hidden", operations.length ? null : "");
    const missing = model.missing.get("operations") ?? "";
    setText(this.note, missing ? `Operations are not current: ${missing}` : operations.length ? "" : "None yet.");
  }

  private show(element: HTMLElement, o: Operation): void {
    if (element.dataset["shown"]) return; // a record never changes
    element.dataset["shown"] = "yes";
    const market = millis(o.eventTime);
    const local = millis(o.createTime);
    setAttribute(element, "data-type", o.type ?? "");
    const side = bare(o.side, "SIDE_");
    const texts = [
      marketClock(market),
      localClock(local),
      o.type ?? "",
      o.instrumentId ?? "",
      side === "unspecified" ? "" : side,
      o.quantity ? quantity(numeric(o.quantity)) : "",
      o.price ? fixed(numeric(o.price)) : "",
      o.state ?? "",
      [o.reason, o.text].filter(Boolean).join(": "),
    ];
    texts.forEach((text, index) => setText(element.children[index] as Element, text));
    setAttribute(element.children[0] as Element, "title", `${marketDay(market)} in New York`);
    setAttribute(element.children[1] as Element, "title", localDay(local));
    setAttribute(element.children[4] as Element, "data-side", side);
  }
}
