"""Green exactly when every check is fresh and passing: every combination of what is known of daemon and services."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.domain.self_check import SelfCheck
from hedgerow.wire.control import status_to_wire
from services.control.domain import ORDER_PATH, Limits, ProcessFact, StrategyFact, system_status

S = 1_000_000_000
NOW = 1_700_000_000 * S
LIMITS = Limits(3 * S, 6 * S)
SERVICES = ("market-data", "risk", "execution", "portfolio", "stats", "control")


def daemon(*reasons: str, state: str = "RUNNING", age_s: float = 0.5, **more: Any) -> StrategyFact:
    snapshot = {"run_id": "r1", "ts": NOW - int(age_s * S), "daemon_state": state, "block_reasons": list(reasons)}
    return StrategyFact("goog", snapshot | more)


STRATEGY = {
    "fresh": daemon(),
    "fresh, waiting": daemon("WAITING_IB", state="WAITING_IB"),
    "fresh, fault": daemon("DATA_STALE"),
    "fresh, not running": daemon(state="RUNNING_SUSPENDED"),
    "stopped": daemon("STOPPED_BY_OPERATOR", state="STOPPED", age_s=1e6),
    "stale": daemon(age_s=3.001),
    "from the future": daemon(age_s=-3.001),
    "unknown": StrategyFact("goog", None, "goog.db is damaged"),
    "unreadable": daemon(ts=None),
    "missing": StrategyFact("goog"),
}
SERVICE = {
    "fresh": (True, S),
    "failing": (False, S),
    "stale": (True, LIMITS.answer_ns + 1),
    "missing": (True, None),
}
UNPROVEN = ("stale", "from the future", "unknown", "unreadable", "missing")


@pytest.mark.parametrize("strategy", STRATEGY)
def test_green_exactly_when_every_check_is_fresh_and_passing(strategy: str) -> None:
    greens = 0
    for kinds in product(SERVICE, repeat=len(SERVICES)):
        facts = [ProcessFact(name, *_heard(kind)) for name, kind in zip(SERVICES, kinds, strict=True)]
        status = system_status([STRATEGY[strategy]], facts, LIMITS, "sim", NOW)
        well = strategy == "fresh" and set(kinds) == {"fresh"}
        assert (status.self_check is SelfCheck.OK) is well, (kinds, status.reasons)
        assert (status.lamp.value == "green") is well
        assert bool(status.reasons) is not well
        assert len(status.words) == len(status.reasons)
        broken = strategy != "stopped" and any(
            kind == "failing" and name in ORDER_PATH for name, kind in zip(SERVICES, kinds, strict=True)
        )
        if strategy in (*UNPROVEN, "fresh, fault") or {"stale", "missing"} & set(kinds) or broken:
            assert status.self_check is SelfCheck.BLOCKED, (kinds, status.reasons)
        else:
            assert status.self_check is not SelfCheck.BLOCKED, (kinds, status.reasons)
        greens += well
    assert greens == (1 if strategy == "fresh" else 0)


def _heard(kind: str) -> tuple[bool, str, int, int | None]:
    serving, age_ns = SERVICE[kind]
    return serving, "", NOW, age_ns


@pytest.mark.parametrize("strategy", STRATEGY)
def test_the_wire_says_the_same(strategy: str) -> None:
    lamps = {"green": common_pb2.STATUS_LAMP_GREEN, "yellow": common_pb2.STATUS_LAMP_YELLOW,
             "red": common_pb2.STATUS_LAMP_RED}  # fmt: skip
    checks = {"ok": control_pb2.CHECK_RESULT_OK, "degraded": control_pb2.CHECK_RESULT_DEGRADED,
              "blocked": control_pb2.CHECK_RESULT_BLOCKED}  # fmt: skip
    facts = [ProcessFact(name, True, "", NOW, S) for name in SERVICES]
    status = system_status([STRATEGY[strategy]], facts, LIMITS, "sim", NOW)
    message = status_to_wire(status)
    assert (message.status_lamp, message.self_check) == (lamps[status.lamp.value], checks[status.self_check.value])
    (one,) = message.strategies
    assert tuple(one.block_reasons) == status.strategies[0].reasons
    assert (one.status_lamp, one.self_check) == (message.status_lamp, message.self_check)
    assert tuple(message.reasons) == status.words
