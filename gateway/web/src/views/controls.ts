// Orders to the daemon: each is confirmed, recorded, and followed until it is acknowledged.

import { type Api, ApiError } from "../api.ts";
import { h, keyed, panel, setAttribute, setText } from "../dom.ts";
import { localClock, millis } from "../format.ts";
import type { Model } from "../model.ts";
import type { Command } from "../types.ts";
import { bare } from "../words.ts";
import { ask, field } from "./dialog.ts";

type Kind = "pause" | "resume" | "flatten" | "stop" | "refresh_accounts" | "retry_ib";

interface Action {
  kind: Kind;
  label: string;
  says: string;
  danger?: boolean;
}

const ACTIONS: Action[] = [
  { kind: "pause", label: "Pause", says: "No new hedge leaves and the resting one is canceled. Monitoring goes on." },
  { kind: "resume", label: "Resume", says: "Hedging goes on, as if never paused." },
  {
    kind: "flatten",
    label: "Flatten",
    says: "No new hedge leaves; the strategy's own stock position is closed. It stays paused afterwards. Positions of others are not touched.",
    danger: true,
  },
  {
    kind: "stop",
    label: "Stop",
    says: "The daemon ends gracefully. Positions stay as they are and nobody hedges them.",
    danger: true,
  },
  {
    kind: "refresh_accounts",
    label: "Refresh accounts",
    says: "Accounts and positions are fetched from the broker now.",
  },
  { kind: "retry_ib", label: "Retry broker", says: "The broker connections that are down are tried now." },
];
const ACTOR = "hedgerow.actor";
const POLL_MS = 400;
const PATIENCE_MS = 60_000;
const SHOWN = 6;

interface Answer {
  command_id: string;
}

export class ControlsView {
  private readonly list = h("ol", { class: "commands", id: "commands" });
  private readonly spoken = h("p", { class: "outcome", id: "outcome", role: "status", "aria-live": "polite" });
  private readonly buttons = new Map<Kind, HTMLButtonElement>();
  readonly element: HTMLElement;

  private readonly api: Api;
  private readonly model: Model;
  private readonly refreshed: () => void;

  constructor(api: Api, model: Model, refreshed: () => void) {
    this.api = api;
    this.model = model;
    this.refreshed = refreshed;
    for (const action of ACTIONS) {
      const style = action.danger ? "danger" : action.kind === "pause" || action.kind === "resume" ? "primary" : "";
      this.buttons.set(
        action.kind,
        h(
          "button",
          { type: "button", class: style, id: `control-${action.kind}`, onclick: () => void this.confirm(action) },
          action.label,
        ),
      );
    }
    this.element = panel(
      "controls",
      "Control",
      h("div", { class: "buttons" }, ...this.buttons.values()),
      this.spoken,
      this.list,
    );
  }

  update(model: Model): void {
    const strategy = model.strategy?.strategy ?? "";
    const stopped = model.strategy?.snapshot?.daemon_state === "STOPPED";
    for (const [kind, button] of this.buttons) {
      // a stop never expires: pressed on a daemon that has stopped, it would end the next one
      setAttribute(button, "disabled", !strategy || (stopped && kind === "stop") ? "" : null);
    }
    const mine = model.data.commands.filter((each) => !each.strategy || each.strategy === strategy).slice(0, SHOWN);
    keyed(
      this.list,
      mine,
      (each) => each.commandId,
      () => h("li", {}, h("b"), h("span"), h("small")),
      (item, each) => show(item, each),
    );
  }

  private async confirm(action: Action): Promise<void> {
    const strategy = this.model.strategy?.strategy ?? "";
    const options =
      action.kind === "flatten"
        ? h(
            "fieldset",
            {},
            h("legend", {}, "Target"),
            h(
              "label",
              {},
              h("input", { type: "radio", name: "to", value: "zero", checked: true }),
              " no stock position",
            ),
            h(
              "label",
              {},
              h("input", { type: "radio", name: "to", value: "neutral" }),
              " delta-neutral against the options",
            ),
            h(
              "label",
              {},
              h("input", { type: "checkbox", name: "include_options" }),
              " close the option legs too (with no stock position only)",
            ),
          )
        : null;
    const answer = await ask(
      `${action.label} ${strategy}?`,
      `${action.label} ${strategy}`,
      action.danger === true,
      h("p", {}, action.says),
      this.model.fresh
        ? null
        : h("p", { class: "warning" }, "Not connected: what this page shows is old, and the command may not arrive."),
      options,
      field("reason", "Reason", { placeholder: "for the record", maxlength: "500", autofocus: true }),
      field("actor", "Your name", { value: sessionStorage.getItem(ACTOR) ?? "page", maxlength: "64", required: true }),
    );
    if (!answer) return;
    const actor = String(answer.get("actor") ?? "page").trim() || "page";
    sessionStorage.setItem(ACTOR, actor);
    const body: Record<string, unknown> = {
      strategy,
      command_id: `page-${unique()}`,
      actor,
      reason: String(answer.get("reason") ?? ""),
    };
    if (options) {
      body["to"] = String(answer.get("to") ?? "zero");
      if (answer.get("include_options")) body["include_options"] = true;
    }
    await this.send(action, strategy, body);
  }

  private async send(action: Action, strategy: string, body: Record<string, unknown>): Promise<void> {
    const say = (text: string, tone = ""): void => {
      setText(this.spoken, text);
      setAttribute(this.spoken, "data-tone", tone || null);
    };
    say(`${action.label} ${strategy}: sending`);
    try {
      const { command_id } = await this.api.post<Answer>(`/control/${action.kind}`, body);
      say(`${action.label} ${strategy}: recorded, waiting for its outcome`);
      const done = await this.outcome(command_id);
      if (done) say(`${action.label} ${strategy}: ${done.outcome || "acknowledged"}`, "gain");
      else say(`${action.label} ${strategy}: recorded and not acknowledged yet; it stays in force`, "loss");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(`${action.label} ${strategy}: ${error.message}`, "loss");
    }
    if (action.kind === "refresh_accounts") this.refreshed();
  }

  /** The command once it is acknowledged; null when it is not in time. Answers that fail meanwhile are asked again. */
  private async outcome(commandId: string): Promise<Command | null> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      try {
        const { command } = await this.api.get<{ command?: Command }>(`/v1/commands/${encodeURIComponent(commandId)}`);
        if (command) this.model.addCommands([command]);
        if (command?.acknowledgeTime) return command;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return null;
  }
}

function show(item: HTMLElement, each: Command): void {
  const [kind, outcome, who] = item.children as unknown as [Element, Element, Element];
  setText(kind, bare(each.kind, "COMMAND_KIND_"));
  setText(outcome, each.acknowledgeTime ? each.outcome || "acknowledged" : "pending");
  setAttribute(item, "data-pending", each.acknowledgeTime ? null : "");
  setText(
    who,
    `${localClock(millis(each.createTime))} by ${each.actor || "unnamed"}${each.reason ? `: ${each.reason}` : ""}`,
  );
}

/** Enough by chance to be unique; randomUUID is missing on plain HTTP from another machine. */
function unique(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
