"""A sweep as told: one spec, the keys that vary and every combination of them; plain data that travels as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from hedgerow.backtest.spec import Spec, make_spec
from hedgerow.backtest.sweep.parameters import Combination, overrides
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.hosting import Mode


@dataclass(frozen=True)
class Plan:
    """`tree` is the base spec as JSON-ready values, paths in it absolute; `combinations` give `keys` their values.

    `left_out` are combinations that break a rule of the spec's, each with that rule.
    """

    tree: dict[str, Any]
    keys: tuple[str, ...]
    combinations: tuple[Combination, ...]
    mode: Mode = "compiled"
    left_out: tuple[tuple[Combination, str], ...] = ()

    def spec(self, combination: Combination) -> Spec:
        """The whole spec of one combination; raises InvalidValue where the combination breaks a rule."""
        tree: dict[str, Any] = json.loads(json.dumps(self.tree))
        return make_spec(tree, overrides(self.keys, combination))

    def without_combinations(self) -> Plan:
        """What all combinations have in common."""
        return Plan(self.tree, self.keys, (), self.mode)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(
            {"tree": self.tree, "keys": self.keys, "combinations": self.combinations, "mode": self.mode}, sort_keys=True
        )

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """What `to_json` wrote."""
        told = json.loads(text)
        assert told["mode"] in get_args(Mode)
        return cls(told["tree"], tuple(told["keys"]), tuple(map(tuple, told["combinations"])), told["mode"])


def plan_of(spec: Spec, keys: tuple[str, ...], combinations: tuple[Combination, ...], mode: Mode = "compiled") -> Plan:
    """The plan of those combinations that a backtest allows; the others are left out, each with the reason.

    Raises InvalidValue when none is allowed.
    """
    tree = spec.model_dump(mode="json")
    tree["tapes"] = [str(path.resolve()) for path in spec.tapes]
    if spec.history is not None:
        for place in ("lean", "tapes"):
            path: Path | None = getattr(spec.history, place)
            tree["history"][place] = None if path is None else str(path.resolve())
    plan = Plan(tree, keys, combinations, mode)
    allowed: list[Combination] = []
    refused: list[tuple[Combination, InvalidValue]] = []
    for combination in combinations:
        try:
            plan.spec(combination)
            allowed.append(combination)
        except InvalidValue as error:
            refused.append((combination, error))
    if not allowed:
        combination, first = refused[0]
        which = ", ".join(f"{key}={value}" for key, value in zip(keys, combination, strict=True))
        raise InvalidValue(first.key, first.value, f"{first.rule} (combination {which})", first.fix) from first
    left_out = tuple((combination, str(reason)) for combination, reason in refused)
    return replace(plan, combinations=tuple(allowed), left_out=left_out)
