"""What the simulated gateway may be told; refuses to start on anything that could look real."""

from __future__ import annotations

import datetime as dt
import ipaddress
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.ibsim.codec import MAX_FRAME_BYTES
from hedgerow.ibsim.fills import CommissionModel, Liquidity
from hedgerow.ibsim.versions import NEWEST, OLDEST
from hedgerow.settings import REAL_GATEWAY_PORTS


class MarketDataKind(StrEnum):
    """Whether subscribers get real-time ticks, or delayed ones after notice 10167."""

    REALTIME = "realtime"
    DELAYED = "delayed"


def _exact(value: object) -> object:
    return Decimal(str(value)) if isinstance(value, float) else value


# A JSON number reaches us as binary float; its shortest text is what the author wrote.
Exact = Annotated[Decimal, BeforeValidator(_exact)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class InitialPosition(_Section):
    """A position a fresh book starts with; `average_price` is per share."""

    instrument_id: str
    quantity: Exact
    average_price: Exact = Field(ge=0)
    multiplier: int = Field(default=100, ge=1)

    @property
    def instrument(self) -> Instrument:
        """The instrument it is in."""
        return parse_instrument_id(self.instrument_id, self.multiplier)

    @field_validator("instrument_id")
    @classmethod
    def _parses(cls, value: str) -> str:
        return parse_instrument_id(value).instrument_id


class CommissionSettings(_Section):
    """Per-unit commission and the minimum per order, USD."""

    per_share_usd: Exact = Field(default=Decimal("0.005"), ge=0)
    per_contract_usd: Exact = Field(default=Decimal("0.65"), ge=0)
    minimum_usd: Exact = Field(default=Decimal("1.00"), ge=0)

    @property
    def model(self) -> CommissionModel:
        """The model these figures make."""
        return CommissionModel(self.per_share_usd, self.per_contract_usd, self.minimum_usd)


class IbsimConfig(_Section):
    """One simulated gateway. Times are market ns UTC; absent files mean: keep it in memory, or not at all."""

    host: str = "127.0.0.1"
    port: int = Field(default=14002, ge=0, le=65535, description="0 = any free port")
    admin_port: int = Field(default=0, ge=0, le=65535, description="loopback admin socket; 0 = any free port")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="loopback /metrics; 0 = none")
    account: str = Field(default="SIM0000001", pattern=r"^SIM[A-Z0-9]{1,16}$")
    tape: Path | None = Field(default=None, description="tape to replay; none = seeded synthetic days without end")
    symbol: str = Field(default="SIMX", description="underlying of the synthetic market")
    seed: int = Field(default=1, ge=0, description="seed of the first synthetic day")
    day: dt.date | None = Field(default=None, description="first synthetic day; none = a fixed one")
    start_ns: int | None = Field(
        default=None, description="market time to start at; none = 5 minutes before the session"
    )
    stop_ns: int | None = Field(default=None, description="market time to stop at; none = 5 minutes after the session")
    speed: float = Field(default=1.0, gt=0, le=100_000)
    autostart: bool = Field(default=False, description="let market time run at once, without an admin resume")
    clock_file: Path | None = None
    book_file: Path | None = None
    wire_log: Path | None = None
    positions: tuple[InitialPosition, ...] = ()
    cash_usd: Exact = Decimal(10_000_000)
    market_data: MarketDataKind = MarketDataKind.REALTIME
    commission: CommissionSettings = CommissionSettings()
    liquidity: Liquidity = Liquidity.DISPLAYED
    interest_rate: float = Field(default=0.02, ge=-0.1, le=0.5, description="continuous, for the model greeks")
    server_version_max: int = Field(default=NEWEST, ge=OLDEST, le=NEWEST)
    master_client_id: int | None = Field(default=None, ge=0, description="the client that sees every client's orders")
    write_buffer_bytes: int = Field(
        default=8 << 20, ge=1 << 12, description="a reader slower than this is disconnected"
    )
    scenario: Path | None = Field(default=None, description="YAML file of scripted faults")
    max_frame_bytes: int = Field(default=MAX_FRAME_BYTES, ge=1 << 10, le=MAX_FRAME_BYTES)

    @field_validator("host")
    @classmethod
    def _loopback(cls, value: str) -> str:
        if value != "localhost" and not _is_loopback(value):
            raise ValueError("the simulated gateway listens on loopback only; use 127.0.0.1")
        return value

    @field_validator("port", "admin_port", "metrics_port")
    @classmethod
    def _never_a_real_port(cls, value: int) -> int:
        if value in REAL_GATEWAY_PORTS:
            raise ValueError(f"{value} belongs to a real gateway; use another port, such as 14002")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.port and self.port == self.admin_port:
            raise ValueError("admin_port: must differ from port")
        if self.start_ns is not None and self.stop_ns is not None and self.start_ns >= self.stop_ns:
            raise ValueError("start_ns: must be before stop_ns")
        names = [position.instrument_id for position in self.positions]
        if len(set(names)) != len(names):
            raise ValueError("positions: every instrument is named once")
        return self

    @classmethod
    def from_file(cls, path: Path) -> IbsimConfig:
        """The configuration in a JSON file. Raises InvalidValue naming the key, the value and the rule."""
        try:
            text = path.read_text()
        except OSError as error:
            raise InvalidValue("config", str(path), f"a readable file ({error.strerror})") from error
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "config"
            raise InvalidValue(key, first.get("input"), first["msg"], f"correct {path}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
