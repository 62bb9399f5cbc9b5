// Elements made by hand: whatever comes from a server reaches the page as text, never as markup.

export type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** An element with attributes (`on...` = listeners) and children; text children become text nodes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A decorative drawing: shapes as [tag, attributes]. */
export function drawing(viewBox: string, ...shapes: [string, Record<string, string>][]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}

/** Writes text only where it differs, so that selections and live regions stay quiet. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets or removes an attribute. */
export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Makes the children of `parent` those of `items`, in order; an element stays the same while its key does. */
export function keyed<T, E extends HTMLElement>(
  parent: HTMLElement,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => E,
  update: (element: E, item: T) => void,
): void {
  const old = new Map<string, E>();
  for (const child of parent.children) old.set((child as HTMLElement).dataset["key"] ?? "", child as E);
  let before: Element | null = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = old.get(key);
    if (element) old.delete(key);
    else {
      element = make(item);
      element.dataset["key"] = key;
    }
    if (element === before) before = before.nextElementSibling;
    else parent.insertBefore(element, before);
    update(element, item);
  }
  for (const gone of old.values()) gone.remove();
}

/** A row of cells, those at `numbers` aligned as such; `labels` name them where the table is shown as cards. */
export function row(labels: readonly string[], numbers: readonly number[]): HTMLTableRowElement {
  return h(
    "tr",
    {},
    ...labels.map((label, index) =>
      h("td", { "data-label": label, class: numbers.includes(index) ? "number" : undefined }),
    ),
  );
}

/** A table with a heading row and an empty body. */
export function table(
  caption: string,
  labels: readonly string[],
  numbers: readonly number[],
  style: string,
): { table: HTMLTableElement; body: HTMLTableSectionElement } {
  const body = h("tbody");
  const heads = labels.map((label, index) =>
    h("th", { scope: "col", class: numbers.includes(index) ? "number" : undefined }, label),
  );
  return {
    table: h(
      "table",
      { class: style },
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, ...heads)),
      body,
    ),
    body,
  };
}

/** A titled section of the page. */
export function panel(id: string, title: string, ...children: Child[]): HTMLElement {
  return h(
    "section",
    { class: "panel", id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    ...children,
  );
}
