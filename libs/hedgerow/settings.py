"""Configuration of every process: one frozen tree, validated whole, unknown keys refused."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from hedgerow.domain.database_url import check_database_url
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings_parts import KernelSettings, RecordSettings, StatsSettings
from hedgerow.settings_text import apply, parse_yaml, read_text
from hedgerow.strategy.kinds import OWN_KEY, config_of, place
from hedgerow.strategy.kit.config import StrategyConfig

REAL_GATEWAY_PORTS = frozenset({4001, 4002, 7496, 7497})
"""Ports real IB Gateways and TWS listen on; never used in sim mode."""

OWN_STORE = ("", "sqlite", "sqlite:", "sqlite://", "postgresql")
"""Values of `status.sink` that mean the strategy's own store."""


StrategyEntry = SerializeAsAny[Annotated[StrategyConfig, BeforeValidator(config_of)]]
"""An entry of `strategies:`, checked and written by the schema of its own kind."""

STRATEGY_KEYS = (*StrategyConfig.model_fields, OWN_KEY)
"""First words of the keys a strategy's entry has; what stands under the last is its kind's own."""


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class BrokerMode(StrEnum):
    """What kind of account may be traded: SIM prefix, DU/DF prefix, or any other."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


class ClientIds(Section):
    """Fixed IB client ids; execution's is never rotated, for it owns the orders."""

    market_data: int = Field(default=11, ge=1)
    execution: int = Field(default=10, ge=1)
    kill: int = Field(default=9, ge=1)
    portfolio: int = Field(default=12, ge=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [self.market_data, self.execution, self.kill, self.portfolio]
        if len(set(ids)) != len(ids):
            raise ValueError("each client id belongs to one connection; give four different numbers")
        return self


class RestartWindowSettings(Section):
    """When the gateway restarts every day: no order that adds risk around it; wall time."""

    time: str = Field(
        default="",
        pattern=r"^(none|([01]\d|2[0-3]):[0-5]\d)?$",
        description="local time of day, HH:MM; none = no window; empty = 23:45 with a real account, none in mode sim",
    )
    zone: str = Field(default="America/New_York", description="IANA time zone of `time`")
    minutes_before: float = Field(default=5.0, ge=0, le=360)
    minutes_after: float = Field(default=15.0, gt=0, le=360)

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("the name of a time zone, such as America/New_York")
        return zone


class BrokerSettings(Section):
    """Where the broker is and what kind of account is expected there."""

    host: str = "127.0.0.1"
    port: int = Field(default=14002, ge=1, le=65535)
    mode: BrokerMode = BrokerMode.SIM
    accept_live: str | None = Field(default=None, description="the one live account that may be traded")
    client_ids: ClientIds = ClientIds()
    attempt_timeout_s: float = Field(default=15.0, gt=0)
    retry_interval_s: float = Field(default=5.0, gt=0)
    request_timeout_s: float = Field(default=10.0, gt=0)
    probe_interval_s: float = Field(default=5.0, gt=0)
    connectivity_lost_limit_s: float = Field(
        default=300.0, gt=0, description="how long 1100 may last, with no 1101 or 1102, before a new session is begun"
    )
    market_data_lines: int = Field(default=100, ge=1)
    restart_window: RestartWindowSettings = RestartWindowSettings()

    @property
    def restart_time(self) -> str:
        """Local time of the daily restart, HH:MM; empty when there is none."""
        if self.restart_window.time:
            return self.restart_window.time.removeprefix("none")
        return "" if self.mode is BrokerMode.SIM else "23:45"

    @model_validator(mode="after")
    def _never_real_by_accident(self) -> Self:
        if self.mode is BrokerMode.SIM and self.port in REAL_GATEWAY_PORTS:
            raise ValueError(
                f"port {self.port} belongs to a real gateway and mode is sim; set broker.mode=paper or another port"
            )
        if self.mode is BrokerMode.LIVE and not self.accept_live:
            raise ValueError("mode live needs --i-accept-live ACCOUNT")
        if self.mode is not BrokerMode.LIVE and self.accept_live:
            raise ValueError("accept_live is only for mode live")
        return self


class Endpoint(Section):
    """Where one process listens; `port` 0 = its usual ones, `metrics_port` 0 beside a port = none."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    metrics_port: int = Field(default=0, ge=0, le=65535)


class RiskSettings(Section):
    """Parameters of the risk rules."""

    max_order_quantity: int = Field(default=1000, ge=1, description="shares or contracts per order")
    max_order_notional_usd: float = Field(default=2_000_000.0, gt=0)
    max_position_shares: int = Field(
        default=5000, ge=1, description="absolute position after the order, reservations included"
    )
    price_collar_pct: float = Field(default=2.0, gt=0, le=50, description="limit price away from mid, percent")
    max_orders_per_minute: int = Field(default=120, ge=1, description="per strategy, wall time")
    approval_ttl_s: float = Field(default=5.0, gt=0, description="wall seconds an approval stays valid")


class StoreSettings(Section):
    """Where every process keeps its state."""

    url: str = Field(
        default="",
        description="empty = SQLite files in the session's folder; postgresql://user@host:port/database = PostgreSQL, "
        "one schema per process and strategy, password in PGPASSWORD or PGPASSFILE",
    )
    prefix: str = Field(
        default="",
        pattern="^([a-z][a-z0-9_]{0,29})?$",
        description="how the names of a session's PostgreSQL schemas begin; empty = the name of the session's folder",
    )

    @field_validator("url")
    @classmethod
    def _postgresql(cls, url: str) -> str:
        if url:
            check_database_url("store.url", url)
        return url


class StatusSettings(Section):
    """Where and how often the strategy writes what it knows."""

    sink: str = Field(
        default="",
        description="empty, sqlite or postgresql = the strategy's own store, wherever that is; "
        "postgresql://user@host:port/database = another database; file:///path.json = a file, current view only",
    )
    heartbeat_interval_s: float = Field(default=1.0, gt=0, le=60)
    history_interval_s: float = Field(
        default=5.0, ge=0, description="wall seconds between history rows; 0 = every snapshot"
    )
    retention_days: int = Field(default=90, ge=1)
    max_mb: int = Field(default=512, ge=1)

    @field_validator("sink")
    @classmethod
    def _known_kind(cls, url: str) -> str:
        if url in OWN_STORE:
            return url
        parts = urlsplit(url)
        if parts.scheme == "postgresql":
            check_database_url("status.sink", url)
        elif parts.scheme != "file" or parts.netloc not in ("", "localhost") or not Path(parts.path).name:
            raise InvalidValue(
                "status.sink", url, f"one of {', '.join(OWN_STORE[1:])}, postgresql://user@host:port/database, "
                "file:///path.json", "leave it empty for the strategy's own store; a file's URL has three slashes",
            )  # fmt: skip
        return url


class TimingSettings(Section):
    """Wall-time limits."""

    rpc_timeout_s: float = Field(default=5.0, gt=0)
    risk_timeout_s: float = Field(default=1.0, gt=0)
    ack_timeout_s: float = Field(default=5.0, gt=0, description="no acknowledgement for so long: the order is UNKNOWN")
    stream_heartbeat_s: float = Field(default=0.5, gt=0)


class KillSettings(Section):
    """How far a kill may go."""

    global_cancel: bool = Field(
        default=False,
        description="with the order connection dead for 2 s, cancel everything of every client, manual orders too, "
        "by broker.client_ids.kill",
    )


class PortfolioSettings(Section):
    """How often accounts are fetched."""

    refresh_interval_s: float = Field(default=3600.0, gt=0)
    break_settle_s: float = Field(
        default=2.0, gt=0, description="wall seconds fills may take before a difference is a break"
    )


class TelemetrySettings(Section):
    """Logs, metrics, traces."""

    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    otlp_endpoint: str = Field(
        default="",
        pattern=r"^((https?://)?[^/\s:@]+:\d{1,5}/?)?$",
        description="an OTLP gRPC collector: http://host:4317 plain, https://host:4317 or host:4317 with TLS; "
        "empty = what OTEL_EXPORTER_OTLP_ENDPOINT says, else nothing is exported",
    )
    otlp_insecure: bool = Field(default=False, description="host:port without TLS")
    otlp_headers_file: Path | None = Field(
        default=None, description="a file of `key: value` lines sent along, such as a token"
    )
    sample_ratio: float = Field(default=1.0, ge=0, le=1, description="share of the traces that are recorded")
    trace_retention_days: float = Field(default=30, gt=0, description="spans of hedges are kept so long")
    trace_max_spans: int = Field(default=200_000, ge=1000, description="and at most so many per process")


class GatewaySettings(Section):
    """Who may use the HTTP gateway; the key itself may also be in the environment, HEDGEROW_API_KEY."""

    api_key_file: Path | None = Field(default=None, description="a file that holds the API key")
    allowed_hosts: tuple[str, ...] = Field(default=(), description="names it is called by besides loopback and its own")


class GuardSettings(Section):
    """The egress guard, a proxy before the broker's gateway that execution's connections go through."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=14005, ge=1, le=65535, description="where it takes connections to the gateway")
    messages_per_second: int = Field(default=50, ge=1, description="what the gateway takes, all connections together")
    kept_for_cancels: int = Field(default=10, ge=0, description="messages of those that no new order may use")
    log_timeout_s: float = Field(
        default=0.5, gt=0, description="wall seconds a write of the frame log may take before it counts as failed"
    )

    @model_validator(mode="after")
    def _leaves_orders_some(self) -> Self:
        if self.kept_for_cancels >= self.messages_per_second:
            raise ValueError("kept_for_cancels is below messages_per_second")
        return self


class LeaseSettings(Section):
    """Who may write to the broker when several execution processes run."""

    seconds: float = Field(
        default=3.0,
        ge=0.2,
        description="a writer silent for so long acts no more; after 1.25 times that it is replaced",
    )
    standby: bool = Field(default=False, description="a second execution waits for the first to end, instead of ending")


class ReplaySettings(Section):
    """The simulated gateway's clock; None = wall time."""

    clock_file: Path | None = None


class Settings(Section):
    """Everything a process may be told."""

    broker: BrokerSettings = BrokerSettings()
    endpoints: dict[str, Endpoint] = {}
    strategies: tuple[StrategyEntry, ...] = ()
    risk: RiskSettings = RiskSettings()
    store: StoreSettings = StoreSettings()
    status: StatusSettings = StatusSettings()
    timing: TimingSettings = TimingSettings()
    portfolio: PortfolioSettings = PortfolioSettings()
    kill: KillSettings = KillSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    gateway: GatewaySettings = GatewaySettings()
    guard: GuardSettings = GuardSettings()
    lease: LeaseSettings = LeaseSettings()
    record: RecordSettings = RecordSettings()
    replay: ReplaySettings = ReplaySettings()
    kernel: KernelSettings = KernelSettings()
    stats: StatsSettings = StatsSettings()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.replay.clock_file is not None and self.broker.mode is not BrokerMode.SIM:
            raise ValueError("replay.clock_file is for mode sim: with a real broker market time is wall time")
        if self.guard.enabled and self.broker.mode is BrokerMode.SIM and self.guard.port in REAL_GATEWAY_PORTS:
            raise ValueError(f"guard.port {self.guard.port} is a real gateway's and mode is sim; choose another")
        names = [strategy.name for strategy in self.strategies]
        if len(set(names)) != len(names):
            raise ValueError("strategies: every name is used once")
        return self

    def strategy(self, name: str) -> StrategyConfig:
        """The strategy of that name; raises InvalidValue naming those that exist."""
        for strategy in self.strategies:
            if strategy.name == name:
                return strategy
        raise InvalidValue("strategy", name, f"one of {[s.name for s in self.strategies]}")

    def dump(self, path: Path) -> None:
        """Writes the effective settings as JSON, atomically."""
        part = path.with_suffix(".part")
        part.write_text(self.model_dump_json(indent=1) + "\n")
        os.replace(part, path)

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Settings as `dump` wrote them; raises InvalidValue."""
        return parse(read_text(path), str(path))


def default_tree() -> dict[str, Any]:
    """What runs with no configuration: one gamma scalper on the simulated gateway's symbol."""
    return {
        "strategies": [
            {
                "name": "gamma-scalper",
                "kind": "gamma_scalper",
                "account": "SIM0000001",
                "underlying": {"symbol": "SIMX"},
            }
        ]
    }


def load(config: Path | None = None, sets: tuple[str, ...] = (), base: dict[str, Any] | None = None) -> Settings:
    """Settings from `base` (or the default tree), then a YAML file, then `key=value` pairs.

    A key whose first word is no root key is applied to every strategy
    (`gates.strategy.structure.max_dte=45`). The file of a user's strategy is relative to the YAML file's folder, else
    to the current one. Raises InvalidValue naming key, value, rule, fix.
    """
    tree = default_tree() if base is None else base
    if config is not None:
        loaded = parse_yaml(read_text(config), str(config))
        place(loaded, config.parent)
        tree = {**tree, **loaded}
    for item in sets:
        apply(tree, item, Settings.model_fields, STRATEGY_KEYS)
    place(tree, Path.cwd())
    return _validated(tree)


def parse(text: str, source: str) -> Settings:
    """Settings from YAML or JSON text; `source` is named in errors."""
    return _validated(parse_yaml(text, source))


def _validated(tree: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, InvalidValue):
            raise cause from error
        key = ".".join(str(part) for part in first["loc"]) or "settings"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        fix = "remove it or correct its spelling" if first["type"] == "extra_forbidden" else ""
        value = first["input"] if not isinstance(first["input"], dict) else "..."
        raise InvalidValue(key, value, first["msg"].removeprefix("Value error, ") + more, fix) from error
