// Numbers and times as the page prints them.

export const MARKET_ZONE = "America/New_York";
const NONE = "–";

/** Milliseconds since 1970 of RFC 3339 text or of ns since 1970; null where there is none. */
export function millis(time: string | number | null | undefined): number | null {
  if (time === null || time === undefined || time === "" || time === 0 || time === "0") return null;
  if (typeof time === "number") return time / 1e6;
  if (/^\d+$/.test(time)) return Number(BigInt(time) / 1000n) / 1000;
  const parsed = Date.parse(time.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(parsed) ? null : parsed;
}

/** A number the contracts may carry as text; null where it is none. */
export function numeric(value: number | string | { value: string } | null | undefined): number | null {
  if (value === null || value === undefined || value === "") return null;
  const found = typeof value === "object" ? Number(value.value) : Number(value);
  return Number.isFinite(found) ? found : null;
}

/** Fixed decimals, grouped, with a true minus sign. */
export function fixed(value: number | null, decimals = 2): string {
  if (value === null) return NONE;
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** As `fixed`, with a plus before what is above zero. */
export function signed(value: number | null, decimals = 2): string {
  const text = fixed(value, decimals);
  return value !== null && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A whole quantity without decimals, a broken one with what it has. */
export function quantity(value: number | null, plus = false): string {
  const decimals = value === null || Number.isInteger(value) ? 0 : 4;
  return plus ? signed(value, decimals) : fixed(value, decimals);
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const DAY: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
const formats = new Map<string, Intl.DateTimeFormat>();

function formatted(ms: number, options: Intl.DateTimeFormatOptions, zone: string | undefined): string {
  const key = `${JSON.stringify(options)} ${zone ?? ""}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", zone ? { ...options, timeZone: zone } : options);
    formats.set(key, format);
  }
  return format.format(ms);
}

/** Hours, minutes, seconds in the exchange's zone. */
export const marketClock = (ms: number | null): string => (ms === null ? NONE : formatted(ms, CLOCK, MARKET_ZONE));
/** Hours, minutes, seconds where the reader is. */
export const localClock = (ms: number | null): string => (ms === null ? NONE : formatted(ms, CLOCK, undefined));
/** The day in the exchange's zone. */
export const marketDay = (ms: number | null): string => (ms === null ? "" : formatted(ms, DAY, MARKET_ZONE));
/** The day where the reader is. */
export const localDay = (ms: number | null): string => (ms === null ? "" : formatted(ms, DAY, undefined));

/** Hours and minutes in the exchange's zone, for an axis. */
export function marketTick(ms: number): string {
  return formatted(ms, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, MARKET_ZONE);
}

/** A duration a person reads at a glance. */
export function duration(ms: number | null): string {
  if (ms === null) return NONE;
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.floor(s)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** PAUSE_COST as "pause cost". */
export const words = (code: string | null | undefined): string => (code ?? "").toLowerCase().replaceAll("_", " ");
