"""What a strategy is: one module of plain things, and the context it declares it needs."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit.config import StrategyConfig
from hedgerow.strategy.observation import Observation


class Strategy(Protocol):
    """A module with these names is a strategy; a user writes it in one file.

    `NEEDS` names the fields of the Observation its decisions depend on, dotted where a part is enough
    (`underlying.bid`, `legs`): a host that cannot supply one refuses to start. `Config` is the pydantic schema of its
    entry in `strategies:`. `params` turns that into `Params`, a NamedTuple of numbers, with the limits in force on the
    host's data (`effective_limits`). `State` is a NamedTuple; a strategy on the kit holds a `kit.chain.State` in it as
    `common`. `initial_state` and `step` are pure: no clock, no I/O, nothing kept outside the state. A `step` marked
    with `hedgerow.strategy.compiled.compiled` compiles, any other runs in the same hosts, slower.
    """

    NEEDS: tuple[str, ...]
    Config: type[StrategyConfig]
    Params: type[Any]
    State: type[Any]
    params: Callable[[Any, dict[str, float]], Any]
    initial_state: Callable[[Any], Any]
    step: Callable[[Any, Any, Observation], tuple[Any, Decision]]


NAMES = ("NEEDS", "Config", "Params", "State", "params", "initial_state", "step")


def _fields(record: Any, prefix: str = "") -> Iterable[str]:
    for name, kind in typing.get_type_hints(record).items():
        yield prefix + name
        parts = typing.get_args(kind)
        inner = parts[0] if parts else kind
        if hasattr(inner, "_fields"):
            yield from _fields(inner, f"{prefix}{name}.")


CONTEXT = frozenset(_fields(Observation))
"""Every field of an Observation by its dotted name; a leg's parts are `legs.strike` and so on, for all slots."""

LIVE = CONTEXT - {name for name in CONTEXT if name.split(".")[0] == "outside"}
"""What the daemon supplies to any strategy; `outside` only to one in another process."""


def check_context(needs: Iterable[str], supplied: Iterable[str], host: str) -> None:
    """Raises InvalidValue naming the first field that is needed and that no Observation or not this host supplies."""
    there = frozenset(supplied)
    for name in needs:
        if name not in CONTEXT:
            raise InvalidValue("NEEDS", name, "a field of the Observation", "see hedgerow.strategy.observation")
        if name not in there:
            raise InvalidValue("NEEDS", name, f"{host} does not supply it", "use a host that does, or do without")


def params_tree(params: Any) -> dict[str, Any]:
    """A strategy's Params as a tree of keys for a session log's header."""
    return {
        name: params_tree(value) if hasattr(value, "_asdict") else value for name, value in params._asdict().items()
    }


def params_from(record: type[Any], tree: dict[str, Any]) -> Any:
    """The Params `params_tree` told; TypeError when this code's have other fields."""
    hints = typing.get_type_hints(record)

    def value_of(name: str, value: Any) -> Any:
        kind = hints.get(name)
        return params_from(kind, value) if kind is not None and hasattr(kind, "_fields") else value

    return record(**{name: value_of(name, value) for name, value in tree.items()})
