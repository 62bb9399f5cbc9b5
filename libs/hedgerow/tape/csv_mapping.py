"""The declared mapping of a CSV file: which column is what, in which units and which time zone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hedgerow.domain.errors import InvalidValue
from hedgerow.settings_text import parse_yaml, read_text

Column = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class TimeUnit(StrEnum):
    """Units of a number that is a time."""

    NS = "ns"
    US = "us"
    MS = "ms"
    S = "s"

    @property
    def ns(self) -> int:
        """Nanoseconds in one."""
        return {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}[self.value]


class CsvColumns(_Part):
    """A column by its name in the header or its number from 1; None where the file has none such."""

    time: Column
    date: Column | None = Field(default=None, description="the day, where it has a column of its own")
    bid: Column | None = None
    ask: Column | None = None
    bid_size: Column | None = None
    ask_size: Column | None = None
    price: Column | None = Field(default=None, description="of a public print, or half_spread_usd's middle")
    size: Column | None = Field(default=None, description="of a public print")
    symbol: Column | None = Field(default=None, description="the stock's ticker, of an option its underlying's")
    instrument: Column | None = Field(default=None, description="whole ids: GOOG, GOOG 20160122 750 C, or OCC symbols")
    expiry: Column | None = Field(default=None, description="YYYYMMDD or YYYY-MM-DD; empty for the stock")
    strike: Column | None = None
    right: Column | None = Field(default=None, description="C, P, call or put")
    multiplier: Column | None = None

    @property
    def mapped(self) -> dict[str, int | str]:
        """The columns there are, by field."""
        return {name: value for name, value in self if value is not None}


class CsvTime(_Part):
    """How a time is written: `iso`, `epoch`, `since_midnight` or a strptime pattern (date and time joined by a space).

    `unit` is of epoch and since_midnight, `zone` of times that name none.
    """

    format: str = Field(default="iso", min_length=1)
    unit: TimeUnit = TimeUnit.S
    zone: str = "America/New_York"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError("a time zone such as America/New_York or UTC") from error
        return value

    @field_validator("format")
    @classmethod
    def _format(cls, value: str) -> str:
        if value not in ("iso", "epoch", "since_midnight") and "%" not in value:
            raise ValueError("iso, epoch, since_midnight or a pattern such as %Y-%m-%d %H:%M:%S.%f")
        return value


class CsvPrice(_Part):
    """`scale`: US dollars of a price of 1 in the file, 0.0001 for prices in hundredths of a cent."""

    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class SizeUnit(StrEnum):
    """What a stock's sizes count."""

    SHARES = "shares"
    LOTS = "lots"


class CsvSize(_Part):
    """Sizes of the stock in shares or lots (options: contracts); `default` where the file has no size column."""

    unit: SizeUnit = SizeUnit.SHARES
    lot: int = Field(default=100, ge=1)
    default: float = Field(default=100.0, ge=0, allow_inf_nan=False)


class CsvMapping(_Part):
    """Everything there is to say about a CSV file of quotes, public prints or bars."""

    columns: CsvColumns
    time: CsvTime = CsvTime()
    price: CsvPrice = CsvPrice()
    size: CsvSize = CsvSize()
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: bool = True
    skip_rows: int = Field(default=0, ge=0, description="lines before the header or the first row")
    absent: tuple[str, ...] = Field(default=("",), description="what an absent value looks like")
    symbol: str = Field(default="", description="the stock, where no column names it")
    interval_ms: int = Field(default=0, ge=0, le=86_400_000, description="of bars; 0 for ticks")
    stamped: str = Field(default="end", pattern="^(start|end)$", description="what a bar's time is")
    half_spread_usd: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="makes quotes of prices")

    @model_validator(mode="after")
    def _whole(self) -> CsvMapping:
        columns = self.columns
        if (columns.bid is None) != (columns.ask is None):
            raise ValueError("columns: bid and ask come together")
        if columns.bid is None and columns.price is None:
            raise ValueError("columns: bid and ask, or price")
        if columns.bid is None and self.half_spread_usd is None:
            raise ValueError("columns: without bid and ask, half_spread_usd makes quotes of prices")
        if columns.bid is not None and self.half_spread_usd is not None:
            raise ValueError("half_spread_usd: makes quotes of prices, and this file has bid and ask")
        if columns.instrument is None and columns.symbol is None and not self.symbol:
            raise ValueError("symbol: name the stock, or the column that does (columns.symbol, columns.instrument)")
        option = (columns.expiry, columns.strike, columns.right)
        if option != (None, None, None) and None in option:
            raise ValueError("columns: expiry, strike and right come together")
        if not self.header and any(isinstance(each, str) for each in columns.mapped.values()):
            raise ValueError("columns: without a header a column is named by its number")
        return self


def read_mapping(path: Path) -> CsvMapping:
    """The mapping a YAML file declares; raises InvalidValue naming the key that is unknown, missing or wrong."""
    return parse_mapping(parse_yaml(read_text(path), str(path)), str(path))


def parse_mapping(tree: dict[str, Any], source: str) -> CsvMapping:
    """The mapping of a tree of plain values; raises InvalidValue naming `source` and the key."""
    try:
        return CsvMapping.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"] if part not in ("constrained-int", "constrained-str"))
        value = first["input"] if first["type"] not in ("missing", "value_error") or key else ""
        rule = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            rule = f"no key of a mapping; there are {', '.join(_keys(first['loc']))}"
        raise InvalidValue(f"{source}: {key}".rstrip(": "), value, rule, "see docs/tapes.md") from error


def _keys(where: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = CsvMapping
    for part in where[:-1]:
        inner = model.model_fields[str(part)].annotation
        assert isinstance(inner, type)
        model = inner
    return list(model.model_fields)
