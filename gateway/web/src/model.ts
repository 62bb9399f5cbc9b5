// What is known now, where it came from, and how old it is; views read it, sources write it.

import type {
  Command,
  Decision,
  HistoryPoint,
  Operation,
  PageData,
  Portfolio,
  Position,
  Snapshot,
  Status,
  Strategy,
  StrategyData,
} from "./types.ts";
import { millis, numeric } from "./format.ts";
import { Track } from "./points.ts";
import { prepend, thinned } from "./runs.ts";

export type ConnectionState = "connecting" | "live" | "lost" | "recorded";

export interface Connection {
  state: ConnectionState;
  /** Local ms the state began. */
  since: number;
  /** Why it is lost, in words. */
  reason: string;
  /** Local ms of the next attempt; 0 when none is due. */
  retryAt: number;
}

const KEPT_DECISIONS = 1000;
const KEPT_OPERATIONS = 500;
const KEPT_COMMANDS = 50;

export const emptyData = (): PageData => ({ status: null, portfolio: null, commands: [], strategies: {} });

/** Two lists newest first as one, without doubles; of equal keys the one in `fresh` stays. */
export function merged<T>(
  fresh: T[],
  known: T[],
  keyOf: (item: T) => string,
  newer: (a: T, b: T) => number,
  keep: number,
): T[] {
  const byKey = new Map<string, T>();
  for (const item of known) byKey.set(keyOf(item), item);
  for (const item of fresh) byKey.set(keyOf(item), item);
  return [...byKey.values()].sort(newer).slice(0, keep);
}

const byTime = (time: string | undefined): number => millis(time) ?? 0;

export class Model {
  data: PageData;
  connection: Connection = { state: "connecting", since: Date.now(), reason: "", retryAt: 0 };
  selected = "";
  /** What a source could not fetch, by its name, in words. */
  readonly missing = new Map<string, string>();
  private readonly tracks = new Map<string, Track>();
  private skew = 0;
  private readonly listeners: (() => void)[] = [];

  constructor(data: PageData = emptyData()) {
    this.data = data;
    for (const [strategy, { history, decisions }] of Object.entries(data.strategies)) {
      this.addHistory(strategy, history);
      this.addDecisions(strategy, decisions);
    }
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Server wall time, ms. */
  now(): number {
    const written = millis(this.data.writtenAt);
    return this.connection.state === "recorded" && written !== null ? written : Date.now() + this.skew;
  }

  /** Whether what is shown is true now. */
  get fresh(): boolean {
    return this.connection.state === "live";
  }

  get strategies(): Strategy[] {
    return this.data.status?.strategies ?? [];
  }

  get strategy(): Strategy | undefined {
    return this.strategies.find((each) => each.strategy === this.selected) ?? this.strategies[0];
  }

  get snapshot(): Snapshot {
    return this.strategy?.snapshot ?? {};
  }

  /** The selected strategy's lists. */
  get own(): StrategyData {
    return this.of(this.strategy?.strategy ?? this.selected);
  }

  of(strategy: string): StrategyData {
    return (this.data.strategies[strategy] ??= { history: [], decisions: [], operations: [] });
  }

  setConnection(state: ConnectionState, reason = "", retryAt = 0): void {
    const since = this.connection.state === state ? this.connection.since : Date.now();
    this.connection = { state, since, reason, retryAt };
    this.changed();
  }

  setStatus(status: Status): void {
    this.data.status = status;
    this.heard(status.createTime);
    for (const each of status.strategies ?? []) this.addSnapshot(each);
    this.changed();
  }

  /** The server's clock, as a message just told it. */
  heard(time: string | undefined): void {
    const server = millis(time);
    if (server !== null) this.skew = server - Date.now();
  }

  private addSnapshot(strategy: Strategy): void {
    const snapshot = strategy.snapshot;
    const market = millis(snapshot?.market_ts);
    if (!snapshot || market === null || typeof snapshot.spot !== "number") return;
    this.track(strategy.strategy).put(new Date(market).toISOString(), snapshot.spot, snapshot.net_delta);
  }

  /** What the chart draws of a strategy. */
  track(strategy: string): Track {
    let track = this.tracks.get(strategy);
    if (!track) this.tracks.set(strategy, (track = new Track()));
    return track;
  }

  addHistory(strategy: string, points: HistoryPoint[]): void {
    const track = this.track(strategy);
    for (const point of points) track.put(point.marketTime, point.spot, point.netDelta);
    this.changed();
  }

  /** Decisions newest first; a single one that is newer than all costs next to nothing. */
  addDecisions(strategy: string, decisions: Decision[]): void {
    const own = this.of(strategy);
    const track = this.track(strategy);
    for (let i = decisions.length - 1; i >= 0; i -= 1) {
      const d = decisions[i];
      if (d) track.put(d.marketTime, d.spot, d.netDelta);
    }
    const [newest] = decisions;
    if (newest && decisions.length === 1 && Number(newest.sequence) > Number(own.decisions[0]?.sequence ?? -1)) {
      prepend(own.decisions, newest);
      if (own.decisions.length > KEPT_DECISIONS) own.decisions.pop();
    } else {
      own.decisions = thinned(
        merged(
          decisions,
          own.decisions,
          (d) => d.sequence,
          (a, b) => Number(b.sequence) - Number(a.sequence),
          KEPT_DECISIONS,
        ),
      );
    }
    this.changed();
  }

  addOperations(strategy: string, operations: Operation[]): void {
    const own = this.of(strategy);
    own.operations = merged(
      operations,
      own.operations,
      (o) => o.operationId,
      (a, b) => byTime(b.createTime) - byTime(a.createTime),
      KEPT_OPERATIONS,
    );
    this.changed();
  }

  setPortfolio(portfolio: Portfolio): void {
    this.data.portfolio = portfolio;
    this.changed();
  }

  setPosition(position: Position): void {
    const portfolio = (this.data.portfolio ??= {});
    const same = (each: Position): boolean =>
      each.account === position.account &&
      each.owner === position.owner &&
      each.instrument.instrumentId === position.instrument.instrumentId;
    portfolio.positions = [...(portfolio.positions ?? []).filter((each) => !same(each)), position];
    this.changed();
  }

  addCommands(commands: Command[]): void {
    this.data.commands = merged(
      commands,
      this.data.commands,
      (c) => c.commandId,
      (a, b) => byTime(b.createTime) - byTime(a.createTime),
      KEPT_COMMANDS,
    );
    this.changed();
  }

  setMissing(source: string, why: string): void {
    if ((this.missing.get(source) ?? "") === why) return;
    if (why) this.missing.set(source, why);
    else this.missing.delete(source);
    this.changed();
  }

  /** Mid of the underlying with that symbol: any strategy's view of it, else its mark. */
  spotOf(symbol: string): number | null {
    for (const each of this.strategies) {
      if (each.snapshot?.symbol === symbol && typeof each.snapshot.spot === "number") return each.snapshot.spot;
    }
    const stock = this.data.portfolio?.positions?.find((each) => each.instrument.instrumentId === symbol);
    return numeric(stock?.markPrice);
  }
}
