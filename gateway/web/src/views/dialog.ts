// Modal questions: the browser's own dialog keeps the focus inside and closes on Escape.

import { h, type Child } from "../dom.ts";

/** Shows a form in a dialog; resolves with its data, or null when it was closed without. */
export function ask(title: string, confirm: string, danger: boolean, ...children: Child[]): Promise<FormData | null> {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const form = h("form", { method: "dialog" });
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", class: danger ? "danger" : undefined }, form);
    let answer: FormData | null = null;
    form.append(
      h("h2", { id: "dialog-title" }, title),
      ...children.filter((child): child is Node | string => Boolean(child)),
      h(
        "div",
        { class: "choices" },
        h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "submit", class: danger ? "danger" : "primary" }, confirm),
      ),
    );
    form.addEventListener("submit", () => {
      answer = new FormData(form);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A labelled text field. */
export function field(name: string, label: string, attributes: Record<string, string | boolean> = {}): HTMLElement {
  return h("label", { class: "field" }, h("span", {}, label), h("input", { name, autocomplete: "off", ...attributes }));
}

/** Asks for the gateway's API key until one is given. */
export async function askKey(refused: boolean): Promise<string> {
  for (;;) {
    const answer = await ask(
      "API key",
      "Continue",
      false,
      h(
        "p",
        {},
        refused
          ? "The gateway refused that key."
          : "This gateway asks for its API key. It is kept until this tab closes.",
      ),
      field("key", "Key", { type: "password", required: true }),
    );
    const key = String(answer?.get("key") ?? "").trim();
    if (key) return key;
  }
}
