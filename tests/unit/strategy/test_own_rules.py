"""Each shipped strategy's own rule, against numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy import band_optimal, bridge, moving_average, time_based
from hedgerow.strategy.codes import BlockReason, IntentAction
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import load_kernel
from hedgerow.strategy.kinds import load
from hedgerow.strategy.kit.config import effective_limits
from hedgerow.strategy.kit.state import NO_BARS, Bars
from hedgerow.strategy.observation import NO_COMMANDS, NO_LEGS, NO_ORDER, OutsideFault, OutsideView, QuoteView
from hedgerow.strategy.trial import trial_config
from tests.strategy_world import NS, OPEN, World, observation


def hosted(kind: str, **keys: Any) -> Hosted:
    config = trial_config(kind, **keys)
    return Hosted(load_kernel("plain", kind), load(kind).params(config, effective_limits(config, 0.0)))


class Driven(World):
    """The world around any kind of strategy."""

    def __init__(self, kind: str, **keys: Any) -> None:
        super().__init__()
        self.strategy = hosted(kind, **keys)
        self.step = lambda params, state, seen: (state, self.strategy.decide(seen))


# band-optimal


def test_the_band_is_whalleys_and_wilmotts() -> None:
    params = band_optimal.params(
        trial_config("band_optimal", rule={"cost_ratio": 0.001, "risk_aversion": 0.1}),
        effective_limits(trial_config("band_optimal"), 0.0),
    )
    # 3/2 * exp(-0.02 * 0.25) * 0.001 * 100 * 50^2 / 0.1 = 3731.2968..., cube root 15.51...
    inside = 1.5 * math.exp(-0.02 * 0.25) * 0.001 * 100.0 * 2500.0 / 0.1
    assert inside == pytest.approx(3731.29679, abs=1e-5)
    band = band_optimal.half_width(params, 100.0, 50.0, 0.25)
    assert band == pytest.approx(inside ** (1 / 3), rel=1e-14)
    assert band == pytest.approx(15.5100, abs=1e-3)
    assert band_optimal.half_width(params, 100.0, -50.0, 0.25) == band
    assert band_optimal.half_width(params, 100.0, 0.0, 0.25) == 0.0


@pytest.mark.parametrize("x", [1e-12, 0.001, 1.0, 27.0, 3731.3, 1e9])
def test_cube_roots(x: float) -> None:
    assert band_optimal.cube_root(x) ** 3 == pytest.approx(x, rel=1e-14)


@pytest.mark.parametrize(
    ("net_delta", "band", "shares"),
    [(15.0, 15.5, 0.0), (15.5, 15.5, 0.0), (16.0, 15.5, -1.0), (40.0, 15.5, -25.0), (-40.2, 15.5, 25.0),
     (math.nan, 15.5, 0.0), (40.0, math.nan, 0.0)],
)  # fmt: skip
def test_back_to_the_edge_in_whole_shares(net_delta: float, band: float, shares: float) -> None:
    assert band_optimal.to_edge(net_delta, band) == shares


@pytest.mark.parametrize(
    ("net_delta", "shares"), [(0.3, 0.0), (-0.3, 0.0), (0.7, -1.0), (-1.7, 2.0), (2.4, -2.0), (0.5, 0.0)]
)
def test_a_band_narrower_than_a_share_is_not_traded_across_for_ever(net_delta: float, shares: float) -> None:
    """No whole number of shares may end inside it: the nearest to the middle does, and there it stays."""
    assert band_optimal.to_edge(net_delta, 0.1) == shares
    assert band_optimal.to_edge(net_delta + shares, 0.1) == 0.0


def test_a_hedge_of_the_band_ends_at_its_edge() -> None:
    world = Driven("band_optimal", rule={"cost_ratio": 0.0001, "risk_aversion": 0.1})
    world.start()
    if world.is_open:
        world.fill_all()
    world.pass_time(1)
    world.spot = 756.0
    sent = world.see()
    band = band_optimal.half_width(
        world.strategy._params, sent.spot, sent.gamma, (world.legs()[0].expiry_close - world.now) / (365 * 86_400 * NS)
    )
    assert sent.intent.action == IntentAction.SUBMIT
    assert sent.intent.quantity == math.ceil(abs(sent.net_delta) - band)
    done = world.fill_all()
    assert band - 1.0 < abs(done.net_delta) <= band
    assert world.see().block_reason == BlockReason.BELOW_THRESHOLD


# time-based


def test_hedges_once_at_every_interval_of_the_session_and_never_between() -> None:
    world = Driven("time_based", rule={"interval_seconds": 60})
    world.start()
    sent = []
    for second in range(5, 301, 5):
        world.pass_time(5)
        world.spot += 0.35
        if world.see().intent.action == IntentAction.SUBMIT:
            sent.append(second)
            assert world.strategy.state.slot == second // 60
            world.fill_all()
    assert sent == [60, 120, 180, 240, 300]


def test_an_interval_that_was_blocked_is_served_late_and_one_without_delta_not_at_all() -> None:
    world = Driven("time_based", rule={"interval_seconds": 60})
    world.start()
    world.pass_time(61)
    world.spot = 751.0
    world.extra = {"commands": NO_COMMANDS._replace(paused=True)}
    assert world.see().block_reason == BlockReason.PAUSED
    world.extra = {}
    world.pass_time(10)
    assert world.see().intent.action == IntentAction.SUBMIT
    world.fill_all()
    world.pass_time(50)  # 121 s: the second interval ended, and the delta is zero
    assert world.see().intent.action == IntentAction.NONE
    world.spot = 753.0
    world.pass_time(5)
    assert world.see().block_reason == BlockReason.BELOW_THRESHOLD


def test_a_new_session_begins_its_own_intervals() -> None:
    params = time_based.params(
        trial_config("time_based", rule={"interval_seconds": 60}), effective_limits(trial_config("time_based"), 0.0)
    )
    seen = observation(now=OPEN + 200 * NS)
    assert time_based.slot_now(params, seen) == 3
    after, _ = time_based.step(params, time_based.initial_state(params), seen)
    assert (after.session_open, after.slot) == (OPEN, 3)


def test_what_is_quoted_before_the_open_is_no_interval_of_the_session() -> None:
    world = Driven("time_based", rule={"interval_seconds": 60})
    world.now = OPEN - 200 * NS
    world.start()
    sent = []
    for second in range(-195, 66, 5):
        world.pass_time(5)
        world.spot += 0.35
        if world.see().intent.action == IntentAction.SUBMIT:
            sent.append(second)
            world.fill_all()
    assert sent == [60]


# moving average


def bars(*closes: float) -> Bars:
    return Bars((*NO_BARS.closes[len(closes) :], *closes), 1, closes[-1])


def test_averages_and_what_is_held_by_hand() -> None:
    rule = {"fast_minutes": 2, "slow_minutes": 4, "shares": 30, "short": True}
    config = trial_config("moving_average", rule=rule)
    params = moving_average.params(config, effective_limits(config, 0.0))
    rising, falling = bars(10.0, 11.0, 12.0, 13.0), bars(13.0, 12.0, 11.0, 10.0)
    assert (moving_average.average(rising, 2), moving_average.average(rising, 4)) == (12.5, 11.5)
    assert moving_average.aim(params, rising, 5.0) == 30.0
    assert moving_average.aim(params, falling, 5.0) == -30.0
    assert moving_average.aim(params, bars(10.0, 10.0, 10.0, 10.0), 5.0) == 5.0
    assert moving_average.aim(params, bars(11.0, 12.0, 13.0), 5.0) == 5.0  # a close is missing
    assert params.common.without_legs


def test_stock_alone_is_bought_when_the_fast_average_crosses() -> None:
    world = Driven("moving_average", rule={"fast_minutes": 2, "slow_minutes": 4, "shares": 30})
    world.extra = {"legs": NO_LEGS}
    world.start()
    decisions = []
    for _ in range(8):
        world.pass_time(60)
        world.spot += 1.0
        decisions.append(world.see())
        if world.is_open:
            world.fill_all()
    assert float(world.stock.quantity) == 30.0
    assert [d.intent.quantity for d in decisions if d.intent.action == IntentAction.SUBMIT] == [30.0]


def test_windows_in_the_wrong_order_are_refused() -> None:
    with pytest.raises((InvalidValue, ValueError), match="must be below"):
        trial_config("moving_average", rule={"fast_minutes": 20, "slow_minutes": 5})


# bridge


def answer(sequence: int, quantity: float, limit: float = math.nan, fault: OutsideFault = OutsideFault.NONE) -> Any:
    action = IntentAction.SUBMIT.value if quantity else IntentAction.NONE.value
    return OutsideView(sequence, action, quantity, limit, fault.value)


def test_an_answer_is_carried_out_once() -> None:
    world = Driven("bridge")
    world.extra = {"legs": NO_LEGS}
    world.start()
    sent = world.see(outside=answer(1, 40.0))
    assert (sent.intent.side, sent.intent.quantity) == (1, 40.0)
    world.extra |= {"outside": answer(1, 40.0)}
    assert world.fill_all().intent.action == IntentAction.NONE
    world.pass_time(60)
    assert world.see().intent.action == IntentAction.NONE
    world.extra["outside"] = answer(3, -15.0)
    assert (world.see().intent.side, world.intent and world.intent.quantity) == (-1, 15.0)


def test_a_limit_holds_back_and_takes_back() -> None:
    world = Driven("bridge")
    world.extra = {"legs": NO_LEGS, "outside": answer(1, 40.0, limit=747.0)}
    world.start()
    assert world.see().intent.action == IntentAction.NONE
    world.spot = 746.9
    assert world.see().intent.limit_price == pytest.approx(746.95)
    world.spot = 748.0
    assert world.see().intent.action == IntentAction.CANCEL


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(OutsideFault.NOT_CONNECTED, BlockReason.BRIDGE_DOWN), (OutsideFault.LATE, BlockReason.BRIDGE_LATE),
     (OutsideFault.BROKEN_CHAIN, BlockReason.BRIDGE_CHAIN), (OutsideFault.INVALID, BlockReason.BRIDGE_ANSWER)],
)  # fmt: skip
def test_a_fault_takes_back_what_rests_and_nothing_old_comes_after_it(fault: OutsideFault, reason: BlockReason) -> None:
    world = Driven("bridge")
    world.extra = {"legs": NO_LEGS, "outside": answer(1, 40.0)}
    world.start()
    world.see()
    world.extra["outside"] = answer(1, 0.0, fault=fault)
    assert world.see().intent.action == IntentAction.CANCEL
    world.order = NO_ORDER._replace(phase=5, intent_number=1, leaves_qty=40.0, event_time=world.now)
    blocked = world.see()
    assert (blocked.block_reason, blocked.intent.action) == (reason, IntentAction.NONE)
    world.extra["outside"] = answer(5, 0.0)
    assert world.see().intent.action == IntentAction.NONE


def test_what_moves_the_stock_later_is_no_wish() -> None:
    params = bridge.params(trial_config("bridge"), effective_limits(trial_config("bridge"), 0.0))
    start, _ = bridge.step(params, bridge.initial_state(params), observation(legs=NO_LEGS, cause=6))
    wished, _ = bridge.step(params, start, observation(sequence=2, legs=NO_LEGS, outside=answer(1, 10.0)))
    assert wished.aim == 10.0
    reached, _ = bridge.step(params, wished, observation(sequence=3, legs=NO_LEGS, stock_quantity=10.0))
    assert math.isnan(reached.aim)
    assert isinstance(observation().underlying, QuoteView)
