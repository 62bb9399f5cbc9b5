// Fills the model from the gateway: streams for what moves, small repeated questions for the rest.

import { type Api, ApiError } from "./api.ts";
import type { Model } from "./model.ts";
import { Stream } from "./stream.ts";
import type { Break, Command, Decision, HistoryPoint, Operation, Portfolio, Position, Status } from "./types.ts";

interface StatusEvent {
  status?: Status;
  heartbeat?: { sendTime?: string };
  closing?: { reason?: string };
}

interface PositionEvent {
  snapshot?: { positions?: Position[]; breaks?: Break[] };
  position?: Position;
}

interface DecisionEvent {
  decision?: Decision;
}

const OPERATIONS_MS = 2000;
const COMMANDS_MS = 5000;
const DECISION_PAGE = 200;
const DECISION_PAGES = 10;
const BETWEEN_PAGES_MS = 250;
const PORTFOLIO_MS = 2000;

export class Live {
  private decisions: Stream<DecisionEvent> | null = null;
  private watched = "";

  private readonly api: Api;
  private readonly model: Model;

  constructor(api: Api, model: Model) {
    this.api = api;
    this.model = model;
  }

  start(): void {
    new Stream<StatusEvent>(this.api, "/v1/status:watch", {
      message: (event) => this.onStatus(event),
      lost: (why, retryAt) => void this.onLost(why, retryAt),
    });
    new Stream<PositionEvent>(this.api, "/v1/positions:stream", {
      message: (event) => this.onPositions(event),
      lost: (why) => this.model.setMissing("positions", why || "portfolio does not answer"),
    });
    this.every(OPERATIONS_MS, () => this.fetchOperations());
    this.every(COMMANDS_MS, () => this.fetchCommands());
    this.every(PORTFOLIO_MS, () => this.fetchPortfolio());
  }

  /** Shows another strategy. */
  follow(strategy: string): void {
    if (this.watched === strategy || !strategy) return;
    this.watched = strategy;
    this.decisions?.close();
    const path = `/v1/decisions:stream?strategy=${encodeURIComponent(strategy)}`;
    this.decisions = new Stream<DecisionEvent>(this.api, path, {
      open: () => void this.fetchDecisions(strategy),
      message: (event) => {
        this.model.setMissing("decisions", "");
        if (event.decision) this.model.addDecisions(strategy, [event.decision]);
      },
      lost: (why) => this.model.setMissing("decisions", why || "the strategy does not answer"),
    });
    void this.fetchHistory(strategy);
    void this.fetchOperations();
  }

  fetchPortfolio(): Promise<void> {
    return this.attempt("accounts", async () => {
      const found = await this.api.get<Portfolio>("/v1/portfolio");
      this.model.setPortfolio(found);
    });
  }

  fetchCommands(): Promise<void> {
    return this.attempt("commands", async () => {
      const found = await this.api.get<{ commands?: Command[] }>("/v1/commands", { pageSize: 20 });
      this.model.addCommands(found.commands ?? []);
    });
  }

  fetchOperations(): Promise<void> {
    const strategy = this.watched;
    if (!strategy) return Promise.resolve();
    return this.attempt("operations", async () => {
      const query = { strategy, pageSize: this.model.of(strategy).operations.length ? 100 : 500 };
      const found = await this.api.get<{ operations?: Operation[] }>("/v1/operations", query);
      this.model.addOperations(strategy, found.operations ?? []);
    });
  }

  /** All decisions that made an intent, then the newest of any kind, in small pages: the daemon has better to do. */
  private fetchDecisions(strategy: string): Promise<void> {
    return this.attempt("decisions", async () => {
      const intents = await this.decisionPage(strategy, { intentsOnly: "true" });
      let page = await this.decisionPage(strategy, {});
      this.model.addDecisions(strategy, [...intents.decisions, ...page.decisions]);
      for (let pages = 1; pages < DECISION_PAGES && page.next && this.watched === strategy; pages += 1) {
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_PAGES_MS));
        page = await this.decisionPage(strategy, { pageToken: page.next });
        this.model.addDecisions(strategy, page.decisions);
      }
    });
  }

  private async decisionPage(
    strategy: string,
    query: Record<string, string>,
  ): Promise<{ decisions: Decision[]; next: string }> {
    const asked = { strategy, pageSize: DECISION_PAGE, ...query };
    const found = await this.api.get<{ decisions?: Decision[]; nextPageToken?: string }>("/v1/decisions", asked);
    return { decisions: found.decisions ?? [], next: found.nextPageToken ?? "" };
  }

  private fetchHistory(strategy: string): Promise<void> {
    return this.attempt("history", async () => {
      const found = await this.api.get<{ points?: HistoryPoint[] }>("/v1/history", { strategy, pageSize: 5000 });
      this.model.addHistory(strategy, found.points ?? []);
    });
  }

  private onStatus(event: StatusEvent): void {
    if (event.heartbeat) this.model.heard(event.heartbeat.sendTime);
    if (!event.status) return;
    const back = !this.model.fresh;
    this.model.setConnection("live");
    this.model.setStatus(event.status);
    this.follow(this.model.strategy?.strategy ?? "");
    if (back && this.watched) void this.fetchHistory(this.watched);
    if (back) void this.fetchPortfolio();
  }

  /** The lamp goes out at once; then the gateway is asked why, and for the key if it wants one. */
  private async onLost(why: string, retryAt: number): Promise<void> {
    this.model.setConnection("lost", why || "the gateway does not answer", retryAt);
    try {
      await this.api.get("/v1/status");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!this.model.fresh) this.model.setConnection("lost", error.message, this.model.connection.retryAt);
    }
  }

  private onPositions(event: PositionEvent): void {
    this.model.setMissing("positions", "");
    const known = this.model.data.portfolio ?? {};
    if (event.snapshot) {
      this.model.setPortfolio({
        ...known,
        positions: event.snapshot.positions ?? [],
        breaks: event.snapshot.breaks ?? [],
      });
    }
    if (event.position) this.model.setPosition(event.position);
  }

  private async attempt(source: string, ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
      this.model.setMissing(source, "");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.model.setMissing(source, error.message);
    }
  }

  /** Again and again, each time after the answer before; a page nobody sees asks nothing. */
  private every(ms: number, ask: () => Promise<void>): void {
    void (document.hidden ? Promise.resolve() : ask()).finally(() => window.setTimeout(() => this.every(ms, ask), ms));
  }
}
