// The lamp: colour, shape and words; it is red whenever the truth is not known.

import { drawing, h, keyed, setAttribute, setText } from "../dom.ts";
import { duration, localClock, marketClock, marketDay, millis } from "../format.ts";
import type { Model } from "../model.ts";
import type { Lamp } from "../types.ts";

export type Colour = "green" | "yellow" | "red" | "none";

export interface Shown {
  colour: Colour;
  title: string;
  reasons: string[];
}

const COLOURS: Record<string, Colour> = {
  STATUS_LAMP_GREEN: "green",
  STATUS_LAMP_YELLOW: "yellow",
  STATUS_LAMP_RED: "red",
};
const TITLES: Record<Colour, string> = {
  green: "Green · hedging normally",
  yellow: "Yellow · degraded",
  red: "Red · blocked",
  none: "Not known",
};

export const colourOf = (lamp: Lamp | undefined): Colour => COLOURS[lamp ?? ""] ?? "red";

/** What the lamp shows now: a lamp that was heard of earlier is never shown as if it still burned. */
export function shown(model: Model): Shown {
  const { connection, data } = model;
  if (connection.state === "recorded") {
    const at = millis(data.writtenAt);
    const last = data.status ? colourOf(data.status.statusLamp) : "red";
    const reasons = data.status?.reasons?.length ? data.status.reasons : ["no reason stood against a hedge"];
    return {
      colour: "none",
      title: "Recorded · not live",
      reasons: [`written ${marketDay(at)} ${marketClock(at)} ET; the lamp was ${last}`, ...reasons],
    };
  }
  if (connection.state === "connecting" && !data.status) {
    return { colour: "none", title: "Connecting", reasons: ["nothing is known yet"] };
  }
  if (connection.state !== "live") {
    const reasons = [`disconnected since ${localClock(connection.since)}: ${connection.reason || "no answer"}`];
    if (data.status) reasons.push("values below are old");
    return { colour: "red", title: "Red · not connected", reasons };
  }
  const colour = colourOf(data.status?.statusLamp);
  const reasons = data.status?.reasons?.length ? data.status.reasons : ["a hedge could leave now"];
  return { colour, title: TITLES[colour], reasons };
}

/** Circle with a tick, triangle with a mark, octagon with a cross, dashed ring: told apart without colour. */
function lampShape(colour: Colour): SVGSVGElement {
  const line = {
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "3",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
  const ink = { ...line, class: "ink" };
  if (colour === "green") {
    return drawing(
      "0 0 32 32",
      ["circle", { cx: "16", cy: "16", r: "14", fill: "currentColor" }],
      ["path", { ...ink, d: "M9.5 16.5 14 21l8.5-9.5" }],
    );
  }
  if (colour === "yellow") {
    return drawing(
      "0 0 32 32",
      [
        "path",
        {
          d: "M16 3 30 28H2Z",
          fill: "currentColor",
          stroke: "currentColor",
          "stroke-width": "3",
          "stroke-linejoin": "round",
        },
      ],
      ["path", { ...ink, d: "M16 12v7.5" }],
      ["circle", { cx: "16", cy: "24", r: "1.8", class: "ink dot" }],
    );
  }
  if (colour === "red") {
    return drawing(
      "0 0 32 32",
      ["path", { d: "M10 2h12l8 8v12l-8 8H10l-8-8V10Z", fill: "currentColor" }],
      ["path", { ...ink, d: "m11 11 10 10M21 11 11 21" }],
    );
  }
  return drawing("0 0 32 32", ["circle", { ...line, cx: "16", cy: "16", r: "13", "stroke-dasharray": "4 5" }]);
}

export class LampView {
  private readonly shape = h("div", { class: "lamp-shape" });
  private readonly title = h("p", { class: "lamp-title" });
  private readonly reasons = h("ul", { class: "lamp-reasons" });
  private readonly age = h("p", { class: "lamp-age" });
  /** Says changes of the lamp aloud, once each. */
  private readonly spoken = h("p", { class: "hidden", role: "status", "aria-live": "assertive" });
  readonly element = h(
    "section",
    { class: "lamp", id: "lamp", "aria-label": "Status lamp" },
    this.shape,
    h("div", { class: "lamp-words" }, this.title, this.reasons, this.age),
    this.spoken,
  );
  private colour = "";

  update(model: Model): void {
    const { colour, title, reasons } = shown(model);
    if (this.colour !== colour) {
      this.colour = colour;
      this.shape.replaceChildren(lampShape(colour));
      this.element.dataset["lamp"] = colour;
    }
    setText(this.title, title);
    keyed(
      this.reasons,
      reasons,
      (reason) => reason.split(":")[0] ?? "",
      () => h("li"),
      (item, reason) => this.reason(item, reason),
    );
    const { connection } = model;
    const waiting = connection.state === "lost";
    setAttribute(this.age, "hidden", waiting ? null : "");
    if (waiting) {
      const next =
        connection.retryAt > Date.now() ? `, next attempt in ${duration(connection.retryAt - Date.now())}` : ", trying";
      setText(this.age, `for ${duration(Date.now() - connection.since)}${next}`);
    }
    setText(this.spoken, `Lamp ${title}. ${reasons.join(". ")}`);
  }

  /** A code stands before its meaning. */
  private reason(item: HTMLElement, text: string): void {
    if (item.dataset["text"] === text) return;
    item.dataset["text"] = text;
    const [, code, rest] = /^((?:[\w-]+: )?[A-Z][A-Z_]{3,}(?: [\w-]+)?)(: .*)?$/s.exec(text) ?? [];
    if (code) item.replaceChildren(h("code", {}, code), (rest ?? "").replace(/^: /, " "));
    else item.replaceChildren(text);
  }
}
