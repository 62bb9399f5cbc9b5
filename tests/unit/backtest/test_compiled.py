"""The loop as machine code gives the bytes that plain Python gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hedgerow.backtest.binding import bind
from hedgerow.backtest.commissions import IBKR_TIERED
from hedgerow.backtest.engine import Asked, Settings, run
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.sharing import prepare_greeks
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.observation import OrderPhase
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape
from tests.backtest_world import straddle_feed
from tests.bench import hedge_workload
from tests.unit.backtest.test_sharing import same

pytestmark = pytest.mark.timeout(600)  # the first run of a code version compiles

LATE = Settings(FillModel(latency_ns=700_000_000), IBKR_TIERED)
MID = Settings(FillModel(mid=True, half_spread=0.004, partials=False))


@pytest.fixture(scope="module")
def feed() -> Feed:
    """Most of a synthetic day with a straddle."""
    return straddle_feed(Tape.of(*synth_tape(11, date(2024, 3, 13), interval_ms=20_000))).between(0, 1_500)


@pytest.mark.parametrize("settings", [Settings(), LATE, MID])
def test_the_gamma_scalper(feed: Feed, settings: Settings) -> None:
    params = Params(min_price_move_pct=0.05)
    plain = run(feed, params, settings, mode="plain")
    assert plain.counts.orders > 3
    same(run(feed, params, settings, mode="compiled"), plain)
    unrecorded = run(feed, params, settings, mode="compiled", record=False)
    assert (unrecorded.counts, unrecorded.reasons, unrecorded.pnl) == (plain.counts, plain.reasons, plain.pnl)
    assert len(unrecorded.decisions["now"]) == 0


def test_an_early_close_with_an_order_on_its_way_and_legs_that_end_with_the_last_row(feed: Feed) -> None:
    day = feed.days[0]
    closing = day._replace(session_close=day.session_open + 6_705_000_000_000)
    legs = tuple(leg._replace(active_to=int(feed.ts[-1])) for leg in feed.legs)
    early = replace(feed, days=(closing,), legs=legs)
    params, settings = Params(min_price_move_pct=0.05), Settings(FillModel(latency_ns=15_000_000_000))
    plain = run(early, params, settings, mode="plain")
    assert (plain.orders["status"][-1], plain.counts.cancels) == (OrderPhase.CANCELED, 1)
    assert plain.marks["option_value"][-1] == 0.0
    same(run(early, params, settings, mode="compiled"), plain)
    same(run(early, params, settings, shared=prepare_greeks(early, params, settings)), plain)


def test_risk_is_asked_out_of_machine_code(feed: Feed) -> None:
    params = Params(min_price_move_pct=0.05)

    def risk(question: Asked) -> int:
        return 7 if question.intent.number % 3 == 2 else 0

    plain = run(feed, params, mode="plain", risk=risk)
    assert plain.counts.denied > 0
    same(run(feed, params, mode="compiled", risk=risk), plain)


def test_shared_greeks(feed: Feed) -> None:
    shared = prepare_greeks(feed, Params())
    for settings in (Settings(), LATE):
        params = Params(min_price_move_pct=0.05, hedge_threshold_shares=15.0)
        same(run(feed, params, settings, shared=shared), run(feed, params, settings, mode="plain"))


def test_the_hedge_workload_places_the_same_orders() -> None:
    compiled, plain = hedge_workload.measured(20_000), hedge_workload.measured(20_000, "plain")
    assert compiled["orders"] == plain["orders"] == 23
    assert compiled["pnl"] == plain["pnl"] == pytest.approx(63.23)


def test_a_step_that_is_not_marked_runs_plain() -> None:
    def step(params: None, state: None, o: object) -> tuple[None, None]:
        return None, None

    assert bind(step, lambda params: None, "compiled").mode == "plain"
