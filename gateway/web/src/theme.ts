// Light, dark, or as the system says; remembered where the browser lets us.

import { h, setText } from "./dom.ts";

type Theme = "system" | "light" | "dark";
const ORDER: Theme[] = ["system", "light", "dark"];
const KEY = "hedgerow.theme";

export class ThemeButton {
  private theme: Theme = stored();
  private readonly listeners: (() => void)[] = [];
  readonly element = h("button", { type: "button", class: "quiet", id: "theme", onclick: () => this.next() });

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.tell());
    this.apply();
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private next(): void {
    this.theme = ORDER[(ORDER.indexOf(this.theme) + 1) % ORDER.length] ?? "system";
    try {
      localStorage.setItem(KEY, this.theme);
    } catch {
      // a page opened from a file may have no storage: the choice lasts as long as the page
    }
    this.apply();
    this.tell();
  }

  private apply(): void {
    if (this.theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.theme;
    setText(this.element, `Theme: ${this.theme}`);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

function stored(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return found === "light" || found === "dark" ? found : "system";
  } catch {
    return "system";
  }
}
