"""Greeks of one leg: fresh, kept, lost; and the position as a whole."""

from __future__ import annotations

import math

import pytest

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility
from hedgerow.strategy.codes import Provenance
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.kit.book import Book, total, value_legs
from hedgerow.strategy.kit.legs import Leg, adoptable, value_leg
from hedgerow.strategy.kit.state import NO_MEMORY, LegMemory
from hedgerow.strategy.observation import NO_LEGS, LegView
from tests.strategy_world import EXPIRY, NS, OPEN, option_leg

YEARS = (EXPIRY - OPEN) / (365 * 86_400 * NS)
P = Params()


def value(
    leg: LegView, memory: LegMemory = NO_MEMORY, spot: float = 748.0, spot_time: int = OPEN, now: int = OPEN
) -> Leg:
    return value_leg(P, now, spot, spot_time, leg, memory)


def test_a_fresh_quote_gives_its_own_volatility() -> None:
    leg = value(option_leg(mid=18.0))
    volatility = implied_volatility(True, 18.0, 748.0, 750.0, YEARS, 0.02, 0.0)
    model = black_scholes(True, 748.0, 750.0, YEARS, 0.02, 0.0, volatility)
    assert leg.greeks == (model.delta, model.gamma, model.vega, model.theta, volatility, Provenance.MODEL)


def test_an_older_quote_keeps_its_volatility_and_is_repriced_on_the_fresh_spot() -> None:
    known = value(option_leg()).memory
    older = value(option_leg(), known, spot=752.0, spot_time=OPEN + NS, now=OPEN + NS)
    assert older.greeks.provenance == Provenance.STALE
    assert older.greeks.implied_volatility == known.volatility
    years = (EXPIRY - OPEN - NS) / (365 * 86_400 * NS)
    assert older.greeks.delta == black_scholes(True, 752.0, 750.0, years, 0.02, 0.0, known.volatility).delta


def test_being_asked_again_beside_the_same_spot_changes_nothing_but_the_time() -> None:
    known = value(option_leg()).memory
    later = OPEN + NS
    again = value_leg(P, later, 748.0, OPEN, option_leg(age_ms=1_010.0), known, False)
    assert again.memory == known
    assert (again.greeks.implied_volatility, again.greeks.provenance) == (known.volatility, Provenance.MODEL)
    years = (EXPIRY - later) / (365 * 86_400 * NS)
    assert again.greeks.delta == black_scholes(True, 748.0, 750.0, years, 0.02, 0.0, known.volatility).delta


def test_a_new_quote_is_solved_even_if_the_spot_is_newer_still() -> None:
    known = value(option_leg()).memory
    newer = value(option_leg(mid=20.0, time=OPEN + NS), known, spot=750.0, spot_time=OPEN + 2 * NS)
    assert newer.greeks.provenance == Provenance.MODEL
    assert newer.greeks.implied_volatility != known.volatility


@pytest.mark.parametrize("quote", [{"bid": math.nan}, {"ask": math.nan}, {"bid": 20.0, "ask": 19.0}, {"bid": 0.0}])
def test_one_sided_or_crossed_keeps_the_last_volatility_for_its_time(quote: dict[str, float]) -> None:
    known = value(option_leg()).memory
    later = option_leg(time=OPEN + 400 * NS, **quote)
    kept = value(later, known, spot_time=OPEN + 400 * NS, now=OPEN + 400 * NS)
    assert (kept.greeks.provenance, kept.greeks.implied_volatility) == (Provenance.STALE, known.volatility)
    lost = value(
        later._replace(event_time=OPEN + 601 * NS), kept.memory, spot_time=OPEN + 601 * NS, now=OPEN + 601 * NS
    )
    assert lost.greeks.provenance == Provenance.BAD
    assert math.isnan(lost.greeks.delta)


def test_below_intrinsic_has_no_root() -> None:
    assert value(option_leg(strike=700.0, mid=40.0)).greeks.provenance == Provenance.BAD


def test_an_old_quote_is_lost_after_the_option_limit() -> None:
    known = value(option_leg()).memory
    assert value(option_leg(age_ms=600_001.0), known, spot_time=OPEN + NS).greeks.provenance == Provenance.BAD


def test_another_contract_in_the_slot_starts_afresh() -> None:
    known = value(option_leg()).memory
    other = value(option_leg(strike=760.0, bid=math.nan), known)
    assert other.greeks.provenance == Provenance.BAD
    assert math.isnan(other.memory.volatility)


def test_at_expiry_the_intrinsic_limit_and_after_it_nothing() -> None:
    known = value(option_leg()).memory
    at = value(option_leg(mid=2.0, time=EXPIRY), known, spot=752.0, spot_time=EXPIRY, now=EXPIRY)
    assert (at.greeks.delta, at.greeks.gamma) == (1.0, 0.0)
    after = value(option_leg(), known, spot=752.0, now=EXPIRY + 1)
    assert after.greeks.provenance == Provenance.NONE


def test_fixed_volatility() -> None:
    fixed = value_leg(Params(fixed_volatility=0.3), OPEN, 748.0, OPEN, option_leg(bid=math.nan), NO_MEMORY)
    assert (fixed.greeks.implied_volatility, fixed.greeks.provenance) == (0.3, Provenance.MODEL)


def book(*legs: LegView, spot: float = 748.0, params: Params = P, now: int = OPEN) -> Book:
    views = (*legs, *NO_LEGS[len(legs) :])
    valued = value_legs(params, now, spot, now, views, (NO_MEMORY,) * 8)  # type: ignore[arg-type]
    return total(params, now, spot, views, valued)  # type: ignore[arg-type]


def test_option_delta_is_contracts_times_multiplier_times_delta() -> None:
    call, put = option_leg(True, contracts=3.0), option_leg(False, contracts=-2.0, mid=19.0)
    both = book(call, put)
    deltas = value(call).greeks.delta, value(put).greeks.delta
    assert both.option_delta == 300.0 * deltas[0] + -200.0 * deltas[1]
    assert (both.legs, both.ready, both.lost) == (2, True, False)


def test_a_leg_without_greeks_makes_the_total_unknown() -> None:
    unknown = book(option_leg(), option_leg(False, bid=math.nan))
    assert math.isnan(unknown.option_delta)
    assert (unknown.ready, unknown.lost) == (False, False)


def test_early_exercise_warning() -> None:
    near = OPEN + 2 * 86_400 * NS
    dividend = Params(next_dividend_usd=1.0)
    short_call = option_leg(strike=600.0, contracts=-1.0, mid=149.0, expiry_close=near)
    assert book(short_call, params=dividend).early_exercise
    assert not book(short_call._replace(contracts=1.0), params=dividend).early_exercise
    assert not book(short_call._replace(bid=152.9, ask=153.1, expiry_close=EXPIRY), params=dividend).early_exercise
    deep_put = option_leg(False, strike=900.0, contracts=-1.0, mid=152.0, expiry_close=near)
    assert book(deep_put).early_exercise
    assert not book(option_leg(contracts=-1.0)).early_exercise


def test_adoption() -> None:
    assert adoptable(P, 21, 770.0, 748.0)
    assert adoptable(P, 35, 726.0, 748.0)
    assert not adoptable(P, 20, 750.0, 748.0)
    assert not adoptable(P, 36, 750.0, 748.0)
    assert not adoptable(P, 29, 771.0, 748.0)
