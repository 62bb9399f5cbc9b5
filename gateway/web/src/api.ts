// HTTP and WebSocket to the gateway this page came from.

/** An event on the window: streams that wait for their next attempt make it now. */
export const RETRY = "hedgerow-retry";
const KEY = "hedgerow.key";

export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Asks the person for the API key; `refused` tells that one was tried. */
export type AskKey = (refused: boolean) => Promise<string>;

export class Api {
  private asking: Promise<void> | null = null;

  private readonly askKey: AskKey;

  constructor(askKey: AskKey) {
    this.askKey = askKey;
  }

  private get key(): string {
    return sessionStorage.getItem(KEY) ?? "";
  }

  get<T>(path: string, query: Record<string, string | number> = {}): Promise<T> {
    const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
    return this.send<T>("GET", text ? `${path}?${text}` : path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>("POST", path, JSON.stringify(body));
  }

  private async send<T>(method: string, path: string, body?: string): Promise<T> {
    for (;;) {
      const key = this.key;
      const headers: Record<string, string> = {};
      if (body !== undefined) headers["Content-Type"] = "application/json";
      if (key) headers["Authorization"] = `Bearer ${key}`;
      const answer = await fetch(path, {
        method,
        headers,
        body: body ?? null,
        cache: "no-store",
        signal: AbortSignal.timeout(10_000),
      }).catch((error: unknown) => {
        throw new ApiError(
          0,
          error instanceof Error && error.name === "TimeoutError" ? "no answer in 10 s" : "the gateway does not answer",
        );
      });
      if (answer.status === 401) {
        await this.renewKey(key);
        continue;
      }
      const text = await answer.text();
      if (!answer.ok) throw new ApiError(answer.status, messageOf(text) || `HTTP ${answer.status}`);
      return JSON.parse(text) as T;
    }
  }

  /** One prompt for however many requests were refused with that key. */
  private renewKey(refused: string): Promise<void> {
    if (this.key !== refused) return Promise.resolve();
    this.asking ??= this.askKey(refused !== "")
      .then((key) => {
        sessionStorage.setItem(KEY, key);
        dispatchEvent(new Event(RETRY));
      })
      .finally(() => {
        this.asking = null;
      });
    return this.asking;
  }

  /** A WebSocket on a server-streaming route; the key travels as a subprotocol, for a browser sends no header. */
  socket(path: string): WebSocket {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return this.key ? new WebSocket(url, ["hedgerow", `key.${base64url(this.key)}`]) : new WebSocket(url);
  }
}

function messageOf(text: string): string {
  try {
    const found = JSON.parse(text) as { message?: unknown };
    return typeof found.message === "string" ? found.message : "";
  } catch {
    return "";
  }
}

export function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
