// What codes mean, for people.

const REASONS: Record<string, string> = {
  BOOTING: "the strategy is starting",
  NO_POSITION: "no option legs to hedge",
  NOT_ENABLED: "the strategy is not enabled",
  BELOW_THRESHOLD: "net delta is below the hedge threshold",
  ORDER_WORKING: "a hedge order is being worked",
  STOPPED: "the strategy is stopped",
  BROKER_DOWN: "the broker connection is lost",
  NOT_RECONCILED: "journal and broker do not agree yet",
  JOURNAL_UNAVAILABLE: "the journal does not accept writes",
  LEASE_LOST: "another process owns the order path",
  RISK_HALT: "risk is halted or cannot be heard",
  RISK_REDUCING: "risk passes reducing orders only",
  PAUSED: "paused by an operator",
  DATA_STALE: "the underlying's quote is too old",
  DATA_LAG: "market data arrives late or not at all",
  GREEKS_BAD: "greeks cannot be computed or disagree with the broker's",
  EXECUTION_FAULT: "hedge orders failed and retries are used up",
  PAUSE_COST: "the cost gate holds the hedge back",
  PAUSE_LIQ: "the spread is too wide",
  COOLDOWN: "too soon after the last hedge",
  MIN_PRICE_MOVE: "the price moved too little since the last hedge",
  BELOW_MIN_SIZE: "fewer shares than the smallest hedge",
  CIRCUIT_BREAKER: "the daily loss limit was reached",
  OUTSIDE_RTH: "the exchange is closed",
  EARNINGS_BLACKOUT: "an earnings date is near",
  MAX_DAILY_HEDGES: "the session's hedge count is used up",
  MAX_POSITION: "the position would exceed its limit",
  MAX_NET_DELTA: "net delta is beyond its cap",
  SPREAD_TOO_WIDE: "the spread is above its cap",
  STRATEGY_CONTRACT: "the strategy decided what no strategy may decide",
  BRIDGE_DOWN: "the strategy's other process is not connected",
  BRIDGE_LATE: "the strategy's other process did not answer in time",
  BRIDGE_CHAIN: "a link between the strategy's processes is lost or altered",
  BRIDGE_ANSWER: "the strategy's other process asked for what is not allowed",
};

/** Nothing to do: shown quietly, for no wanted hedge was held back. */
export const QUIET = new Set([
  "",
  "BOOTING",
  "NO_POSITION",
  "NOT_ENABLED",
  "BELOW_THRESHOLD",
  "ORDER_WORKING",
  "STOPPED",
]);

/** What a block reason means; its own code when it is not known. */
export const meaning = (code: string): string => REASONS[code] ?? code;

/** Gates in the order they are asked; what a newer server adds comes last. */
export const GATES = [
  "BROKER_DOWN",
  "NOT_RECONCILED",
  "JOURNAL_UNAVAILABLE",
  "LEASE_LOST",
  "RISK_HALT",
  "RISK_REDUCING",
  "PAUSED",
  "DATA_STALE",
  "DATA_LAG",
  "GREEKS_BAD",
  "EXECUTION_FAULT",
  "PAUSE_LIQ",
  "COOLDOWN",
  "MIN_PRICE_MOVE",
  "BELOW_MIN_SIZE",
  "CIRCUIT_BREAKER",
  "OUTSIDE_RTH",
  "EARNINGS_BLACKOUT",
  "MAX_DAILY_HEDGES",
  "MAX_POSITION",
  "MAX_NET_DELTA",
  "SPREAD_TOO_WIDE",
];

/** COMMAND_KIND_FLATTEN as "flatten"; any prefixed code likewise. */
export const bare = (code: string | undefined, prefix: string): string =>
  (code ?? "").replace(prefix, "").toLowerCase().replaceAll("_", " ");
