"""What a backtest is told: market data, strategies, position, fills, commissions, rules; checked whole, hashed."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError, field_validator, model_validator

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.settings import Section, default_tree
from hedgerow.settings_text import apply, parse_yaml, read_text
from hedgerow.strategy.kinds import OWN_KEY, config_of, place
from hedgerow.strategy.kit.config import StrategyConfig, kind_name
from hedgerow.tape.reader import read_meta

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Symbol = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9.\-]{0,15}$")]
Strategy = Annotated[SerializeAsAny[StrategyConfig], BeforeValidator(config_of)]
STRATEGY_KEYS = (*StrategyConfig.model_fields, OWN_KEY)
"""First words of the keys a strategy may have: one strategy's own keys are in `rule`."""

_TAPE_KEYS = ("tapes", "history")
"""What says where the data is: no part of the configuration's hash, the data have a hash of their own."""

_NAMED = 3
"""Further faults that are named besides the first."""


class History(Section):
    """A range of days of one symbol, from a folder of tapes or from LEAN's Data folder; days without data are left out.

    Exactly one of the folders is given.
    """

    lean: Path | None = Field(default=None, description="LEAN's Data folder, holding equity/usa")
    tapes: Path | None = Field(default=None, description="a folder of tape files")
    symbol: Symbol
    start: date = Field(description="first day, YYYY-MM-DD")
    end: date = Field(description="last day, YYYY-MM-DD")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.lean is None) == (self.tapes is None):
            raise ValueError("exactly one of `lean` and `tapes` is given")
        if self.start > self.end:
            raise ValueError(f"start {self.start} must not be after end {self.end}")
        return self


class Scenario(Section):
    """A seeded day made by a template, or a template's effect laid over the tapes given."""

    name: Literal["quiet", "trend", "gap", "crash", "wide_spreads", "feed_loss"]
    symbol: Symbol = "SIMX"
    start: date = Field(default=date(2024, 1, 16), description="first day where no tape is given")
    days: int = Field(default=1, ge=1, le=260, description="sessions made where no tape is given")
    interval_ms: int = Field(default=1000, ge=10, le=60_000, description="ms between quotes made")


class Leg(Section):
    """One option position held from the start."""

    instrument: str = Field(description="SYMBOL YYYYMMDD STRIKE C|P")
    contracts: float = Field(description="signed", allow_inf_nan=False)
    average_price: Positive | None = Field(default=None, description="USD per share; none: the first mid")

    @field_validator("instrument")
    @classmethod
    def _option(cls, text: str) -> str:
        if not parse_instrument_id(text).is_option:
            raise ValueError("an option: SYMBOL YYYYMMDD STRIKE C|P")
        return text


class Position(Section):
    """What every strategy holds when its first day begins.

    `straddle`: the one the day's chain offers within the strategy's structure; `synthetic_straddle`: Black-Scholes
    options at the first mid, for tapes without options; `legs`: those listed; `none`: nothing.
    """

    kind: Literal["straddle", "synthetic_straddle", "legs", "none"] = "straddle"
    contracts: float = Field(default=10.0, description="contracts of each leg, below zero sold", allow_inf_nan=False)
    legs: tuple[Leg, ...] = Field(default=(), max_length=8)
    volatility: Positive = Field(default=0.2, description="annual ratio the synthetic options are priced with")
    days_to_expiry: int = Field(default=28, ge=1, le=730, description="calendar days the synthetic options live")
    interval_ms: int = Field(default=60_000, ge=1, le=3_600_000, description="ms between synthetic option quotes")
    spread_pct: NotNegative = Field(default=0.5, lt=100, description="spread of synthetic options, percent of price")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.kind == "legs") != bool(self.legs):
            raise ValueError("`legs` are listed with kind: legs, and only then")
        if self.contracts == 0:
            raise ValueError("contracts is not 0; kind: none holds nothing")
        return self


class Fills(Section):
    """How orders meet the market."""

    model: Literal["touch", "mid"] = Field(default="touch", description="at the opposite touch, or mid + half_spread")
    latency_ms: NotNegative = Field(default=0.0, le=60_000, description="ms of market time to the market, and back")
    half_spread: NotNegative = Field(
        default=0.0, description="USD per share paid beyond the mid by model mid; an order with a nearer limit waits"
    )
    partials: bool = Field(default=True, description="fill no more than the quoted size")


def _template(told: object) -> object:
    """A scenario by its name alone is that one with all else as it is without."""
    return {"name": told} if isinstance(told, str) else told


def _files(told: object) -> object:
    """Several, even where it is one."""
    if not isinstance(told, (list, tuple)):
        raise ValueError(f"a list of files, for example [{told if isinstance(told, str) else 'FILE'}]")
    return told


class Spec(Section):
    """A whole backtest."""

    tapes: Annotated[tuple[Path, ...], BeforeValidator(_files)] = Field(
        default=(), description="tape files, any order; days of several symbols may mix"
    )
    history: History | None = None
    scenario: Annotated[Scenario | None, BeforeValidator(_template)] = Field(
        default=None, description="a template's name, or that with symbol, start, days, interval_ms"
    )
    strategies: tuple[Strategy, ...] = Field(min_length=1)
    position: Position = Position()
    fills: Fills = Fills()
    commissions: Literal["fixed", "tiered", "none"] = "fixed"
    rules: dict[str, dict[str, Any]] = Field(
        default={}, description="risk rules by name with their parameters, each asked about every order; none: no rules"
    )
    seed: int = Field(default=1, ge=0, description="of the scenario")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tapes and self.history is not None:
            raise ValueError("tapes or history, not both")
        if not self.tapes and self.history is None and self.scenario is None:
            raise ValueError("market data is missing: give tapes, history or scenario")
        names = [strategy.name for strategy in self.strategies]
        if len(set(names)) != len(names):
            raise ValueError("strategies: every name is used once")
        return self

    def content(self) -> dict[str, Any]:
        """What decides the outcome besides the data, JSON-ready; holds no path."""
        told = self.model_dump(mode="json", exclude=set(_TAPE_KEYS))
        for strategy in told["strategies"]:
            strategy["kind"] = kind_name(strategy["kind"])
        return told

    @property
    def config_hash(self) -> str:
        """sha256 (hex) of the canonical JSON of `content`."""
        canonical = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def read_spec(path: Path, sets: tuple[str, ...] = ()) -> Spec:
    """The spec of a YAML or JSON file with `key=value` overrides; paths in it are relative to its folder.

    Raises InvalidValue naming key, value, rule and fix.
    """
    return make_spec(spec_tree(path), sets)


def spec_tree(path: Path) -> dict[str, Any]:
    """The keys of a spec's file, its paths made absolute; raises InvalidValue."""
    tree = parse_yaml(read_text(path, "--spec"), str(path), "--spec")
    folder = path.absolute().parent
    place(tree, folder)
    if isinstance(tree.get("tapes"), list):
        tree["tapes"] = [str(folder / str(each)) for each in tree["tapes"]]
    history = tree.get("history")
    if isinstance(history, dict):
        places = {key: str(folder / str(history[key])) for key in ("lean", "tapes") if history.get(key)}
        tree["history"] = {**history, **places}
    return tree


def make_spec(tree: dict[str, Any], sets: tuple[str, ...] = ()) -> Spec:
    """The spec a tree of keys says, with `key=value` overrides; without strategies, one gamma scalper.

    A key of an override that is none of the spec's goes into every strategy, as in the settings
    (`gates.state.delta.hedge_threshold=40`). Raises InvalidValue.
    """
    tree = with_strategies(tree)
    for item in sets:
        apply(tree, item, Spec.model_fields, STRATEGY_KEYS)
    try:
        return Spec.model_validate(tree)
    except ValidationError as error:
        raise refused(error) from error


def with_strategies(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree itself, or with one gamma scalper on its data's symbol where it lists no strategies."""
    if "strategies" in tree:
        return tree
    strategies = default_tree()["strategies"]
    symbol = _symbol_of(tree)
    if symbol:
        strategies[0]["underlying"] = {"symbol": symbol}
    return {**tree, "strategies": strategies}


def _symbol_of(tree: dict[str, Any]) -> object:
    """The symbol of the history, the first tape or the scenario made; None where the tree does not tell or is wrong."""
    tapes = tree.get("tapes")
    if isinstance(tapes, list) and tapes:
        first = Path(str(tapes[0]))
        return read_meta(first).symbol if first.is_file() else None
    for part in (tree.get("history"), tree.get("scenario")):
        if isinstance(part, dict) and part.get("symbol"):
            return part["symbol"]
    return None


def refused(error: ValidationError, within: tuple[object, ...] = ()) -> InvalidValue:
    """The first thing wrong, in the project's words; `within` is where the error's own keys begin."""
    # An entry that is wrong makes the list it is missing from too short as well: no fault of its own.
    errors = [one for one in error.errors() if one["type"] != "too_short"] or error.errors()
    first = errors[0]
    place = (*within, *first["loc"])
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InvalidValue):
        return cause
    if isinstance(cause, ValidationError):
        return refused(cause, place)
    key = _key(place)
    others = [
        f"unknown key {_key((*within, *one['loc']))}"
        if one["type"] == "extra_forbidden"
        else _key((*within, *one["loc"]))
        for one in errors[1:]
    ]
    more = f" (and {len(others)} more: {', '.join(others[:_NAMED])})" if others else ""
    value = "..." if isinstance(first["input"], (dict, list, tuple)) else first["input"]
    fix = "remove it or correct its spelling" if first["type"] == "extra_forbidden" else ""
    if key == "spec" and "market data" in first["msg"]:
        fix = "for example --tape FILE, or `tapes: [FILE]` in the spec"
    return InvalidValue(key, value, first["msg"].removeprefix("Value error, ") + more, fix)


def _key(place: tuple[object, ...]) -> str:
    return ".".join(str(part) for part in place) or "spec"
