"""The lamp over everything: green means all fresh and well, nothing stale is repeated, trouble never betters it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.domain.self_check import DESIGNED_OR_MENDING, FAULTS, SelfCheck, self_check
from hedgerow.domain.status import SystemStatus
from services.control.domain import (
    ORDER_PATH,
    Limits,
    ProcessFact,
    StrategyFact,
    service_reasons,
    strategy_status,
    system_status,
)

S = 1_000_000_000
NOW = 1_700_000_000 * S
LIMITS = Limits(3 * S, 6 * S)
SERVICES = ("market-data", "risk", "execution", "portfolio", "stats", "control")
RANK = list(SelfCheck)
REASONS = st.sampled_from((*DESIGNED_OR_MENDING, *FAULTS))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def snapshot(*reasons: str, state: str = "RUNNING", age_s: float = 0.5, **more: Any) -> dict[str, Any]:
    return {
        "run_id": "r1",
        "ts": NOW - int(age_s * S),
        "daemon_state": state,
        "block_reasons": list(reasons),
        **more,
    }


def serving(*down: str) -> tuple[ProcessFact, ...]:
    return tuple(ProcessFact(name, name not in down, "", NOW, S) for name in SERVICES)


def overall(*facts: StrategyFact, processes: tuple[ProcessFact, ...] = serving()) -> SystemStatus:
    return system_status(facts, processes, LIMITS, "sim", NOW, 7)


def lamp_of(found: dict[str, Any] | None, **more: Any) -> tuple[str, tuple[str, ...]]:
    status = strategy_status(StrategyFact("goog", found, **more), NOW, LIMITS.heartbeat_ns)
    return status.lamp.value, status.reasons


def test_a_fresh_daemon_speaks_for_itself() -> None:
    assert lamp_of(snapshot()) == ("green", ())
    assert lamp_of(snapshot("WAITING_IB", state="WAITING_IB")) == ("yellow", ("WAITING_IB",))
    assert lamp_of(snapshot("DATA_STALE", "PAUSED")) == ("red", ("DATA_STALE", "PAUSED"))
    assert lamp_of(snapshot(state="RUNNING_SUSPENDED")) == ("yellow", ("STARTING",))


@pytest.mark.parametrize("age_s", [3.001, 100.0, -3.001])
def test_a_daemon_not_heard_is_red_and_what_it_said_is_not_repeated(age_s: float) -> None:
    assert lamp_of(snapshot(age_s=age_s)) == ("red", ("HEARTBEAT_MISSING",))
    assert lamp_of(snapshot("PAUSED", age_s=age_s)) == ("red", ("HEARTBEAT_MISSING",))
    assert lamp_of(snapshot("STOPPED_BY_OPERATOR", state="STOPPING", age_s=age_s))[0] == "red"


@pytest.mark.parametrize("age_s", [0.1, 3.0, 1e6])
def test_a_stopped_daemon_is_yellow_for_ever(age_s: float) -> None:
    assert lamp_of(snapshot("STOPPED_BY_OPERATOR", state="STOPPED", age_s=age_s)) == (
        "yellow", ("STOPPED_BY_OPERATOR",),
    )  # fmt: skip


def test_never_heard_or_unreadable_is_red() -> None:
    assert lamp_of(None) == ("red", ("HEARTBEAT_MISSING",))
    assert lamp_of(None, trouble="x.db is damaged") == ("red", ("STATUS_UNREADABLE x.db is damaged",))
    for broken in ({"ts": None}, {"ts": 1.5e18}, {"ts": True}, {"daemon_state": 3}, {"block_reasons": None},
                   {"block_reasons": ["PAUSED", ""]}, {"block_reasons": "PAUSED"}):  # fmt: skip
        lamp, reasons = lamp_of(snapshot() | broken)
        assert lamp == "red", broken
        assert reasons[0].startswith("STATUS_UNREADABLE ")


@given(st.dictionaries(st.sampled_from(("ts", "run_id", "daemon_state", "block_reasons", "x")), JSON), st.booleans())
def test_no_snapshot_breaks_it_and_green_needs_all_facts(found: dict[str, Any], fresh: bool) -> None:
    if fresh:
        found["ts"] = NOW
    status = strategy_status(StrategyFact("goog", found), NOW, LIMITS.heartbeat_ns)
    well = found.get("daemon_state") == "RUNNING" and found.get("block_reasons") == [] and fresh
    assert (status.self_check is SelfCheck.OK) is well


def test_nothing_configured_is_yellow() -> None:
    status = overall()
    assert (status.lamp.value, status.reasons) == ("yellow", ("NOT_CONFIGURED",))
    assert overall(processes=serving("execution", "risk")).lamp.value == "yellow"


def test_without_a_gateway_it_is_yellow() -> None:
    status = overall(StrategyFact("goog", snapshot("WAITING_IB", state="WAITING_IB")))
    assert (status.lamp.value, status.reasons) == ("yellow", ("WAITING_IB",))
    assert status.words == ("WAITING_IB: no broker connection; it is retried on an interval",)
    assert (status.market_ns, status.broker_mode) == (7, "sim")


@pytest.mark.parametrize("name", SERVICES)
def test_a_silent_service_is_yellow_unless_every_hedge_passes_through_it(name: str) -> None:
    well = StrategyFact("goog", snapshot())
    red = name in ORDER_PATH
    status = overall(well, processes=serving(name))
    assert status.reasons == (f"ORDER_PATH_DOWN {name}" if red else f"SERVICE_DOWN {name}",)
    assert status.lamp.value == ("red" if red else "yellow")
    stopped = StrategyFact("goog", snapshot("STOPPED_BY_OPERATOR", state="STOPPED"))
    assert overall(stopped, processes=serving(name)).lamp.value == "yellow"


def test_a_service_not_asked_lately_is_unknown_and_red() -> None:
    for age_ns in (None, LIMITS.answer_ns + 1):
        status = overall(StrategyFact("goog", snapshot()), processes=(ProcessFact("stats", True, "", NOW, age_ns),))
        assert (status.lamp.value, status.reasons) == ("red", ("SERVICE_UNKNOWN stats",))
        assert not status.services[0].serving
        assert status.services[0].detail


def test_a_strategys_process_weighs_by_its_heartbeat_alone() -> None:
    down = ProcessFact("strategy-goog", False, "cannot be reached", 0, 0)
    assert service_reasons([down], LIMITS.answer_ns, True) == []
    assert overall(StrategyFact("goog", snapshot()), processes=(down,)).services[0].detail == "cannot be reached"


def test_red_reasons_come_first_and_strategies_are_named_where_there_are_several() -> None:
    status = overall(
        StrategyFact("goog", snapshot("PAUSED")), StrategyFact("twx", snapshot("RISK_HALT")), processes=serving("stats")
    )
    assert status.reasons == ("RISK_HALT", "PAUSED", "SERVICE_DOWN stats")
    assert status.words[0] == "twx: RISK_HALT: risk is halted or cannot be heard"
    assert [each.lamp.value for each in status.strategies] == ["yellow", "red"]


FACTS = st.builds(
    lambda reasons, state, age_s: snapshot(*reasons, state=state, age_s=age_s),
    st.lists(REASONS, max_size=3),
    st.sampled_from(("RUNNING", "RUNNING_SUSPENDED", "WAITING_IB", "STOPPING", "STOPPED")),
    st.sampled_from((-10.0, 0.0, 1.0, 3.0, 3.1, 1000.0)),
)
PROCESSES = st.tuples(
    *(
        st.builds(ProcessFact, st.just(name), st.booleans(), st.just(""), st.just(0),
                  st.sampled_from((None, 0, LIMITS.answer_ns, LIMITS.answer_ns + 1)))
        for name in SERVICES
    )
)  # fmt: skip


@given(st.lists(st.none() | FACTS, max_size=3), PROCESSES)
def test_green_exactly_when_every_check_is_fresh_and_passing(
    snapshots: list[dict[str, Any] | None], processes: tuple[ProcessFact, ...]
) -> None:
    facts = [StrategyFact(f"s{number}", each) for number, each in enumerate(snapshots)]
    status = system_status(facts, processes, LIMITS, "sim", NOW)
    all_well = bool(facts) and all(
        each is not None and each["daemon_state"] == "RUNNING" and not each["block_reasons"]
        and abs(NOW - each["ts"]) <= LIMITS.heartbeat_ns
        for each in snapshots
    ) and all(p.serving and p.age_ns is not None and p.age_ns <= LIMITS.answer_ns for p in processes)  # fmt: skip
    assert (status.lamp.value == "green") is all_well
    # The worst of the parts, and every part's reasons are among the whole's.
    assert all(RANK.index(status.self_check) >= RANK.index(each.self_check) for each in status.strategies)
    assert all(reason in status.reasons for each in status.strategies for reason in each.reasons)
    ranks = [RANK.index(self_check([reason])) for reason in status.reasons]
    assert ranks == sorted(ranks, reverse=True)


@given(st.lists(FACTS, min_size=1, max_size=2), PROCESSES, REASONS, st.sampled_from(SERVICES))
def test_more_trouble_never_betters_the_lamp(
    snapshots: list[dict[str, Any]], processes: tuple[ProcessFact, ...], reason: str, dead: str
) -> None:
    facts = [StrategyFact(f"s{number}", each) for number, each in enumerate(snapshots)]
    before = RANK.index(system_status(facts, processes, LIMITS, "sim", NOW).self_check)
    silent = tuple(replace(each, serving=each.serving and each.service != dead) for each in processes)
    assert RANK.index(system_status(facts, silent, LIMITS, "sim", NOW).self_check) >= before
    worse = {**snapshots[0], "block_reasons": [*snapshots[0]["block_reasons"], reason]}
    found = system_status([StrategyFact("s0", worse), *facts[1:]], processes, LIMITS, "sim", NOW)
    assert RANK.index(found.self_check) >= before or snapshots[0]["daemon_state"] == "RUNNING_SUSPENDED"
