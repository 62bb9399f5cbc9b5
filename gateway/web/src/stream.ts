// One stream that comes back by itself: silence ends it, backoff spaces the attempts.

import { type Api, RETRY } from "./api.ts";

const SILENCE_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface Events<T> {
  message: (result: T) => void;
  /** Connected, before the first message. */
  open?: () => void;
  /** Gone; `retryAt` is the local ms of the next attempt. */
  lost?: (why: string, retryAt: number) => void;
}

/** Pause before attempt `failures` + 1: doubling, capped, half of it by chance (`chance` in 0..1). */
export function pause(failures: number, chance: number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
  return whole * (0.5 + 0.5 * chance);
}

export class Stream<T> {
  private socket: WebSocket | null = null;
  private timer = 0;
  private failures = 0;
  private closed = false;
  private why = "";

  private readonly api: Api;
  private readonly path: string;
  private readonly events: Events<T>;

  constructor(api: Api, path: string, events: Events<T>) {
    this.api = api;
    this.path = path;
    this.events = events;
    this.connect();
    for (const name of [RETRY, "online"]) addEventListener(name, this.retryNow);
  }

  /** Tries at once instead of at the end of the pause. */
  readonly retryNow = (): void => {
    if (this.closed || this.socket) return;
    clearTimeout(this.timer);
    this.connect();
  };

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const name of [RETRY, "online"]) removeEventListener(name, this.retryNow);
    this.socket?.close();
  }

  private connect(): void {
    const socket = this.api.socket(this.path);
    this.socket = socket;
    this.why = "";
    this.watch();
    socket.onopen = (): void => this.events.open?.();
    socket.onmessage = (event: MessageEvent<string>): void => {
      if (this.socket !== socket) return;
      this.watch();
      const { result, error } = JSON.parse(event.data) as { result?: T; error?: { message?: string } };
      if (error) this.why = error.message ?? "the stream ended with an error";
      if (!result) return;
      this.failures = 0;
      this.events.message(result);
    };
    socket.onclose = (event: CloseEvent): void => this.ended(socket, event.reason || this.why);
  }

  private watch(): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.timer = window.setTimeout(() => {
      if (!socket) return;
      socket.close();
      this.ended(socket, `nothing heard for ${SILENCE_MS / 1000} s`);
    }, SILENCE_MS);
  }

  private ended(socket: WebSocket, why: string): void {
    if (this.closed || this.socket !== socket) return;
    this.socket = null;
    this.failures += 1;
    const wait = pause(this.failures, Math.random());
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.connect(), wait);
    this.events.lost?.(why, Date.now() + wait);
  }
}
