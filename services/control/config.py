"""What control is configured with, checked whole before it serves."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hedgerow.catalog import ENTRIES, GUARD, SERVICES
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Endpoint, Settings
from services.control.domain import STRATEGY_PREFIX, Limits

NAME = "control"
STRATEGY = "strategy"
MISSED_HEARTBEATS = 3
NS_PER_S = 1_000_000_000


class ControlConfig(BaseModel):
    """Everything control is told; durations are wall seconds.

    `processes`: where every other configured process answers its health check. `heartbeat_limit_s`:
    the age at which a daemon's heartbeat is missing. `probe_*`: how often each process is asked and
    how long it may take. `refresh_interval_s`: how often watched facts are looked at,
    `command_poll_s`: how often the command store is, for what was written into it beside control.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategies: tuple[str, ...]
    processes: dict[str, Endpoint]
    broker_mode: str
    sink: str
    heartbeat_limit_s: float = Field(gt=0)
    stream_heartbeat_s: float = Field(gt=0)
    refresh_accounts_timeout_s: float = Field(gt=0)
    retry_timeout_s: float = Field(default=2.0, gt=0)
    probe_interval_s: float = Field(default=1.0, gt=0)
    probe_timeout_s: float = Field(default=1.0, gt=0)
    refresh_interval_s: float = Field(default=0.25, gt=0)
    command_poll_s: float = Field(default=0.1, gt=0)

    @classmethod
    def of(cls, settings: Settings) -> ControlConfig:
        """Control's part of the settings."""
        return cls(
            strategies=tuple(strategy.name for strategy in settings.strategies),
            processes=processes(settings),
            broker_mode=settings.broker.mode.value,
            sink=settings.status.sink,
            heartbeat_limit_s=MISSED_HEARTBEATS * settings.status.heartbeat_interval_s,
            stream_heartbeat_s=settings.timing.stream_heartbeat_s,
            refresh_accounts_timeout_s=settings.timing.rpc_timeout_s + settings.broker.request_timeout_s,
        )

    @property
    def limits(self) -> Limits:
        """Ages beyond which facts are unknown."""
        answer_s = MISSED_HEARTBEATS * (self.probe_interval_s + self.probe_timeout_s)
        return Limits(int(self.heartbeat_limit_s * NS_PER_S), int(answer_s * NS_PER_S))

    def only_strategy(self) -> str:
        """The name of the only configured strategy; raises InvalidValue when there are none or several."""
        if len(self.strategies) != 1:
            raise InvalidValue("strategy", "", f"one of: {', '.join(self.strategies) or 'none is configured'}")
        return self.strategies[0]

    def require_strategy(self, name: str) -> str:
        """The name, if a strategy of that name is configured; raises InvalidValue naming those that are."""
        if name not in self.strategies:
            raise InvalidValue("strategy", name, f"one of: {', '.join(self.strategies) or 'none is configured'}")
        return name


def processes(settings: Settings) -> dict[str, Endpoint]:
    """Every process but control by name: the services once, a guard where one runs, `strategy-<name>` per strategy."""
    found = {name: _endpoint(settings, name) for name in SERVICES if name not in (NAME, STRATEGY)}
    if settings.guard.enabled:
        found[GUARD] = _endpoint(settings, GUARD)
    for number, strategy in enumerate(settings.strategies):
        name = f"{STRATEGY_PREFIX}{strategy.name}"
        alone = len(settings.strategies) == 1 and STRATEGY in settings.endpoints and name not in settings.endpoints
        found[name] = settings.endpoints[STRATEGY] if alone else _endpoint(settings, name, STRATEGY, number)
    return found


def _endpoint(settings: Settings, name: str, entry: str = "", offset: int = 0) -> Endpoint:
    configured = settings.endpoints.get(name, Endpoint())
    return configured if configured.port else Endpoint(host=configured.host, port=ENTRIES[entry or name].port + offset)
