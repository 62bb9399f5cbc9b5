// The page: finds its data inside itself (a recorded session) or at the gateway it came from, and shows it.

import { Api } from "./api.ts";
import { h } from "./dom.ts";
import { Live } from "./live.ts";
import { Model } from "./model.ts";
import type { PageData } from "./types.ts";
import { ChartView } from "./views/chart.ts";
import { ControlsView } from "./views/controls.ts";
import { DecisionsView } from "./views/decisions.ts";
import { askKey } from "./views/dialog.ts";
import { FactsView } from "./views/facts.ts";
import { HeaderView } from "./views/header.ts";
import { LampView, shown } from "./views/lamp.ts";
import { OperationsView } from "./views/operations.ts";
import { GreeksView, PositionsView } from "./views/positions.ts";
import { AboutView, AccountView, MachinesView, ServicesView } from "./views/state.ts";

const RENDER_MS = 100;
const TICK_MS = 1000;

interface View {
  element: HTMLElement;
  update(model: Model): void;
}

function footer(): HTMLElement {
  const link = h(
    "a",
    { href: "https://www.tradingview.com/", rel: "noopener noreferrer", target: "_blank" },
    "TradingView",
  );
  return h(
    "footer",
    {},
    "Chart: TradingView Lightweight Charts™, Copyright (c) 2025 TradingView, Inc. ",
    link,
    " · Times are New York (ET) and local.",
  );
}

function start(): void {
  const recorded = document.getElementById("page-data")?.textContent;
  const model = new Model(recorded ? (JSON.parse(recorded) as PageData) : undefined);
  const api = new Api(askKey);
  const live = new Live(api, model);
  const header = new HeaderView((strategy) => {
    model.selected = strategy;
    if (!recorded) live.follow(strategy);
    model.changed();
  });
  const lamp = new LampView();
  const facts = new FactsView();
  const chart = new ChartView();
  const positions = new PositionsView();
  const greeks = new GreeksView();
  const decisions = new DecisionsView();
  const operations = new OperationsView();
  const machines = new MachinesView();
  const account = new AccountView(null);
  const services = new ServicesView();
  const about = new AboutView();
  const controls = recorded ? null : new ControlsView(api, model, () => void live.fetchPortfolio());
  const views: View[] = [
    header,
    lamp,
    facts,
    chart,
    positions,
    greeks,
    decisions,
    operations,
    machines,
    account,
    services,
    about,
  ];
  if (controls) views.push(controls);

  const main = h(
    "main",
    {},
    lamp.element,
    facts.element,
    h("div", { class: "side" }, controls?.element, machines.element, account.element, services.element, about.element),
    h(
      "div",
      { class: "wide" },
      chart.element,
      positions.element,
      greeks.element,
      decisions.element,
      operations.element,
    ),
  );
  document.getElementById("page")?.replaceChildren(header.element, main, footer());
  header.theme.onChange(() => chart.paint());

  const render = (): void => {
    document.body.dataset["state"] = model.connection.state;
    for (const view of views) view.update(model);
    document.title = `${mark(model)} ${model.strategy?.strategy ?? "Hedgerow"} · Hedgerow`;
  };
  let due = 0;
  model.onChange(() => {
    if (!due)
      due = window.setTimeout(() => {
        due = 0;
        render();
      }, RENDER_MS);
  });
  if (recorded) {
    model.setConnection("recorded");
    render();
    return;
  }
  render();
  window.setInterval(render, TICK_MS);
  live.start();
}

const MARKS = { green: "●", yellow: "▲", red: "✕", none: "○" };

function mark(model: Model): string {
  return MARKS[shown(model).colour];
}

start();
