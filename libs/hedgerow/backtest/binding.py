"""Binds the loop to a strategy: the same code over that strategy's `step`, plain or as machine code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from hedgerow.backtest import loop
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.hosting import Mode, code_version


@dataclass(frozen=True, slots=True)
class Bound:
    """The loop over one strategy's `step`."""

    run_rows: Callable[..., Any]
    initial_state: Callable[[Any], Any]
    code_version: str
    mode: Mode


@lru_cache(maxsize=32)
def bound(strategy: str, mode: Mode) -> Bound:
    """The loop bound to the strategy of that kind; InvalidValue when there is none of that name."""
    package = f"hedgerow.strategy.{strategy}"
    try:
        step = importlib.import_module(f"{package}.step").step
        initial_state = importlib.import_module(f"{package}.state").initial_state
    except ModuleNotFoundError as error:
        raise InvalidValue("strategy kind", strategy, f"a strategy there is ({error.name} is not)") from error
    return Bound(_plain_loop(loop, {"step": step}), initial_state, code_version(), mode)


def _plain_loop(module: ModuleType, others: dict[str, Any]) -> Callable[..., Any]:
    source = module.run_rows
    twin = FunctionType(source.__code__, {**vars(module), **others}, source.__name__, source.__defaults__)
    twin.__module__, twin.__qualname__ = source.__module__, source.__qualname__
    return twin
