"""Compiled and plain decisions agree bit for bit over days of every kind, in which every gate and state takes part.

`HEDGEROW_KERNEL_TICKS=1000000 pytest tests/property/strategy/test_plain_equals_compiled.py` runs as many ticks; the
coverage that is asked for takes 100,000.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest

from hedgerow.strategy.codes import Gate, HedgeFSM, IntentAction, MarketState, TradingFSM, Verdict
from hedgerow.strategy.contract import first_number, violation
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.live import LiveStep
from hedgerow.strategy.observation import Observation, OrderPhase, RiskState
from hedgerow.strategy.session_log import DECISION, OBSERVATION
from tests.strategy_days import KINDS, days

TICKS = int(os.environ.get("HEDGEROW_KERNEL_TICKS", "100000"))
SHOWN = {TradingFSM: set(TradingFSM) - {TradingFSM.SYNC, TradingFSM.MONITOR}, HedgeFSM: set(HedgeFSM)}
"""SYNC and MONITOR are entered and left within one evaluation, so no decision shows them; test_machines sees them."""


class Coverage:
    """What took part in some decision."""

    def __init__(self) -> None:
        self.failed: Counter[int] = Counter()
        self.markets: set[int] = set()
        self.phases: set[int] = set()
        self.risk: set[int] = set()
        self.left: dict[type, set[int]] = defaultdict(set)
        self.entered: dict[type, set[int]] = defaultdict(set)

    def take(self, seen: Observation, before: Decision | None, decision: Decision) -> None:
        self.failed.update(gate for gate, verdict in enumerate(decision.guard_verdicts) if verdict == Verdict.FAIL)
        self.markets.add(decision.market_state)
        self.phases.add(seen.order.phase)
        self.risk.add(seen.trading_state)
        if before is None:
            return
        for machine, old, new in (
            (TradingFSM, before.trading_fsm, decision.trading_fsm),
            (HedgeFSM, before.hedge_fsm, decision.hedge_fsm),
        ):
            if old != new:
                self.left[machine].add(old)
                self.entered[machine].add(new)


@pytest.mark.timeout(3600)
def test_bit_for_bit() -> None:
    coverage = Coverage()
    ticks: Counter[str] = Counter()
    for name, day in days(TICKS):
        live = LiveStep("gamma_scalper", day.params)
        before: Decision | None = None
        newest = 0
        for seen, plain in day.log:
            newest = first_number(seen, newest)
            live(seen, newest)
            assert live.kept, (name, seen.sequence, violation(seen, plain, newest))
            newest += plain.intent.action == IntentAction.SUBMIT
            assert live.record == OBSERVATION.pack(seen) + DECISION.pack(plain), (name, seen.sequence)
            coverage.take(seen, before, plain)
            before = plain
        assert repr(live.state) == repr(day.state)
        ticks[name] += len(day.log)
    assert sum(ticks.values()) >= TICKS
    assert set(ticks) == set(KINDS)
    assert set(coverage.failed) == set(Gate)
    assert coverage.markets == set(MarketState)
    assert coverage.phases == set(OrderPhase)
    assert coverage.risk == set(RiskState)
    for machine, shown in SHOWN.items():
        assert coverage.left[machine] == shown
        assert coverage.entered[machine] >= shown - {TradingFSM.BOOT}  # where every strategy begins
    print(dict(ticks), {Gate(gate).name: count for gate, count in coverage.failed.items()})


def test_the_host_decides_the_same_compiled_and_plain() -> None:
    for _, day in days(len(KINDS) * 100, first_seed=1, per_day=100):
        compiled, plain = (Hosted(load_kernel(mode), day.params) for mode in ("compiled", "plain"))
        for seen, _ in day.log:
            decision = compiled.decide(seen)
            assert isinstance(decision, Decision)
            assert DECISION.pack(decision) == DECISION.pack(plain.decide(seen))
        assert (compiled.broken, repr(compiled.state)) == (plain.broken, repr(plain.state)) == (None, repr(day.state))


def test_an_answer_against_the_contract_is_found_and_its_state_not_kept() -> None:
    day = next(days(1, first_seed=2, per_day=100))[1]
    live = LiveStep("gamma_scalper", day.params)
    number = 0
    for seen, plain in day.log:
        if plain.intent.action == IntentAction.SUBMIT:
            break
        live(seen, number)
    before = repr(live.state)
    live(seen, number + 5)
    assert not live.kept
    assert violation(seen, plain, number + 5) is not None
    assert repr(live.state) == before
    live(seen, number)
    assert live.kept
    assert repr(live.state) != before
