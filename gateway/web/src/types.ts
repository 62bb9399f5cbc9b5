// What the page knows, as the contracts' JSON gives it; the live page fills it over HTTP, the static one is born with it.

export type Lamp = "STATUS_LAMP_GREEN" | "STATUS_LAMP_YELLOW" | "STATUS_LAMP_RED" | "STATUS_LAMP_UNSPECIFIED";

export interface Money {
  value: string;
}

export interface Service {
  service: string;
  serving?: boolean;
  detail?: string;
  lastSeenTime?: string;
}

export interface Quote {
  bid?: number | null;
  ask?: number | null;
  mid?: number | null;
}

/** One leg's whole position: delta in shares, gamma per USD, vega per 1.00, theta per year. */
export interface LegGreeks {
  delta: number | null;
  gamma: number | null;
  vega: number | null;
  theta: number | null;
  implied_volatility: number | null;
  provenance: string;
}

/** The daemon's snapshot; times in ns come as text, for a JSON number cannot hold them. */
export interface Snapshot {
  strategy?: string;
  run_id?: string;
  daemon_state?: string;
  trading_fsm_state?: string;
  hedge_fsm_state?: string;
  trading_state?: string | null;
  symbol?: string;
  spot?: number | null;
  bid?: number | null;
  ask?: number | null;
  net_delta?: number | null;
  option_delta?: number | null;
  gamma?: number | null;
  vega?: number | null;
  theta?: number | null;
  stock_position?: number | null;
  legs?: Record<string, number>;
  leg_greeks?: Record<string, LegGreeks>;
  prices?: Record<string, Quote>;
  daily_hedge_count?: number;
  daily_pnl?: number | null;
  data_lag_ms?: number | null;
  last_ack_ts?: string | number | null;
  next_retry_ts?: string | number | null;
  last_hedge_price?: number | null;
  last_hedge_time?: string | number | null;
  config?: Config;
  config_hash?: string;
  code_version?: string;
  market_ts?: string | number | null;
  ts?: string | number | null;
}

/** The part of a strategy's configuration the page shows. */
export interface Config {
  account?: string;
  kind?: string;
  gates?: {
    state?: { delta?: { epsilon_band?: number; hedge_threshold?: number; max_delta_limit?: number } };
    intent?: { hedge?: { cooldown_seconds?: number; min_price_move_pct?: number } };
    guard?: { risk?: { max_daily_hedge_count?: number; max_daily_loss_usd?: number } };
  };
}

export interface Strategy {
  strategy: string;
  runId?: string;
  statusLamp?: Lamp;
  blockReasons?: string[];
  heartbeatTime?: string;
  snapshot?: Snapshot;
}

export interface Status {
  statusLamp?: Lamp;
  reasons?: string[];
  strategies?: Strategy[];
  services?: Service[];
  createTime?: string;
  marketTime?: string;
  brokerMode?: string;
}

export interface Instrument {
  instrumentId: string;
  symbol: string;
  secType?: string;
  strike?: Money;
  right?: string;
  multiplier?: number;
  currency?: string;
}

export interface Position {
  account: string;
  instrument: Instrument;
  owner: string;
  quantity?: Money;
  averagePrice?: Money;
  markPrice?: Money;
  unrealizedPnl?: Money;
  realizedPnl?: Money;
  commissions?: Money;
}

export interface Account {
  account: string;
  balance?: Money;
  netLiquidation?: Money;
  buyingPower?: Money;
  currency?: string;
  fetchTime?: string;
}

export interface Break {
  account: string;
  instrumentId: string;
  ledgerQuantity?: Money;
  brokerQuantity?: Money;
}

export interface Portfolio {
  accounts?: Account[];
  positions?: Position[];
  breaks?: Break[];
  link?: { state?: string; reason?: string; nextRetryTime?: string };
  accountsFetchTime?: string;
}

export interface Operation {
  operationId: string;
  createTime?: string;
  eventTime?: string;
  type?: string;
  strategy?: string;
  instrumentId?: string;
  side?: string;
  quantity?: Money;
  price?: Money;
  reason?: string;
  state?: string;
  clientOrderId?: string;
  text?: string;
}

export interface Decision {
  sequence: string;
  marketTime?: string;
  cause?: string;
  optionPosition?: string;
  deltaDeviation?: string;
  marketRegime?: string;
  liquidity?: string;
  executionState?: string;
  systemHealth?: string;
  tradingFsmState?: string;
  hedgeFsmState?: string;
  netDelta?: number | string;
  spot?: number;
  blockReason?: string;
  gates?: Record<string, string>;
  intentId?: string;
  intentQuantity?: number;
}

export interface HistoryPoint {
  createTime?: string;
  marketTime?: string;
  spot?: number;
  netDelta?: number;
  dailyPnl?: number;
}

export interface Command {
  commandId: string;
  kind?: string;
  strategy?: string;
  actor?: string;
  reason?: string;
  createTime?: string;
  acknowledgeTime?: string;
  outcome?: string;
}

/** What is kept per strategy; decisions, operations newest first, history oldest first. */
export interface StrategyData {
  history: HistoryPoint[];
  decisions: Decision[];
  operations: Operation[];
}

/** Everything the page shows. `writtenAt` and `session` are set in a static page only. */
export interface PageData {
  writtenAt?: string;
  session?: string;
  status: Status | null;
  portfolio: Portfolio | null;
  commands: Command[];
  strategies: Record<string, StrategyData>;
}
