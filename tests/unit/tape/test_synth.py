"""The synthetic day: the same for a seed, free of arbitrage, and worth hedging."""

from __future__ import annotations

import math
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.pricing.black_scholes import black_scholes as scalar_black_scholes
from hedgerow.tape import synth
from hedgerow.tape.format import COLUMN_NAMES, Tape, check_columns
from hedgerow.tape.select import select_straddle
from hedgerow.tape.sessions import days_to_expiry, expiry_close_ns
from hedgerow.tape.synth import synth_tape
from hedgerow.tape.writer import write_tape

DAY = date(2026, 3, 16)
HALF_DAY = date(2015, 12, 24)


def made(seed: int = 1, day: date = DAY, spot: float = 100.0) -> Tape:
    return Tape.of(*synth_tape(seed, day, spot=spot))


def test_a_seed_gives_one_day_and_another_seed_another() -> None:
    first, again, other = made(1), made(1), made(2)
    assert first.meta == again.meta
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.bid, other.bid, equal_nan=True)
    assert first.meta.seed == 1


def test_it_is_small_and_quick(tmp_path: Path) -> None:
    made()
    start = time.perf_counter()
    meta, columns = synth_tape(3, DAY)
    assert time.perf_counter() - start < 2.0
    write_tape(tmp_path / "t.parquet", meta, columns)
    assert (tmp_path / "t.parquet").stat().st_size < 5_000_000


@pytest.mark.parametrize("day", [DAY, HALF_DAY, date(2026, 3, 9), date(2026, 3, 5)])
@pytest.mark.parametrize("spot", [7.5, 100.0, 749.11, 4_800.0])
def test_rows_make_a_tape(day: date, spot: float) -> None:
    tape = made(4, day, spot)
    check_columns("tape", tape, len(tape.meta.instruments))
    assert tape.crossed == 0
    regular = (tape.ts > tape.meta.session_open_ns) & (tape.ts <= tape.meta.session_close_ns)
    np.testing.assert_array_equal(tape.extended, ~regular)
    underlying = tape.instrument == 0
    assert tape.ts[underlying][0] < tape.meta.session_open_ns
    assert tape.ts[underlying][-1] > tape.meta.session_close_ns
    assert not tape.extended[~underlying].any()
    assert not np.isnan(tape.bid[underlying]).any()
    expiries = {each.expiry for each in tape.meta.instruments if each.expiry}
    assert len(expiries) >= 3
    assert sum(21 <= days_to_expiry(each, day) <= 35 for each in expiries) == 1
    assert select_straddle(tape, 21, 35).strike > 0


def test_prices_are_on_their_ticks() -> None:
    tape = made()
    for side in (tape.bid, tape.ask):
        prices = side[~np.isnan(side)]
        np.testing.assert_allclose(np.round(prices * 100), prices * 100, atol=1e-6)
    spread = (tape.ask - tape.bid)[tape.instrument == 0]
    assert spread.min() > 0.009
    assert (spread / tape.bid[tape.instrument == 0]).max() < 0.001  # NORMAL liquidity


def test_prices_agree_with_the_scalar_ones() -> None:
    strikes, years = np.array([80.0, 100.0, 125.0]), np.array([0.01, 0.08, 0.5])
    vols = synth.surface(strikes, years, 100.0, 0.2)
    for is_call in (True, False):
        prices = synth.black_scholes(np.full(3, 101.0), strikes, years, vols, np.full(3, is_call))
        for price, strike, term, vol in zip(prices, strikes, years, vols, strict=True):
            wanted = scalar_black_scholes(is_call, 101.0, float(strike), float(term), 0.02, 0.0, float(vol)).price
            assert price == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("spot", [0.93, 1.0, 1.07])
def test_the_surface_holds_no_arbitrage(spot: float) -> None:
    """Puts and calls at parity, prices convex and falling in the strike, rising with time."""
    strikes = np.linspace(0.85, 1.15, 61)
    calls = []
    for years in (4 / 365, 28 / 365, 60 / 365, 95 / 365):
        terms = np.full(len(strikes), years)
        vols = synth.surface(strikes, terms, 1.0, 0.2)
        spots = np.full(len(strikes), spot)
        call = synth.black_scholes(spots, strikes, terms, vols, np.ones(len(strikes), dtype=bool))
        put = synth.black_scholes(spots, strikes, terms, vols, np.zeros(len(strikes), dtype=bool))
        np.testing.assert_allclose(call - put, spot - strikes * math.exp(-0.02 * years), atol=1e-12)
        assert (np.diff(call) < 1e-12).all()
        assert (np.diff(call, 2) > -1e-12).all()
        assert (np.diff(put) > -1e-12).all()
        calls.append(call)
    assert all((later - earlier > -1e-12).all() for earlier, later in pairwise(calls))


def hedges_of_a_straddle(tape: Tape, contracts: int = 20) -> int:
    """A plain delta hedge of the straddle: threshold 25 shares, 60 s and 0.2 % apart; returns how often it traded."""
    straddle = select_straddle(tape, 21, 35)
    expires, strike = expiry_close_ns(straddle.expiry), float(straddle.strike)
    rows = (tape.instrument == 0) & ~tape.extended
    stock, hedges = 0, 0
    last_ns, last_price = 0, 0.0
    for ts, mid in zip(tape.ts[rows].tolist(), ((tape.bid + tape.ask) / 2)[rows].tolist(), strict=True):
        years = (expires - ts) / (365 * 86_400 * 1e9)
        d1 = (math.log(mid / strike) + (0.02 + 0.02) * years) / (0.2 * math.sqrt(years))
        net = contracts * 100 * math.erf(d1 / math.sqrt(2.0)) + stock  # call delta + put delta = 2 N(d1) - 1
        if abs(net) < 25:
            continue
        if hedges and (ts - last_ns < 60_000_000_000 or abs(mid / last_price - 1.0) < 0.002):
            continue
        stock -= round(net)
        hedges, last_ns, last_price = hedges + 1, ts, mid
    return hedges


@pytest.mark.parametrize("seed", range(12))
def test_every_day_is_worth_hedging_and_none_exhausts_the_allowance(seed: int) -> None:
    assert 8 <= hedges_of_a_straddle(made(seed)) <= 49


def test_a_half_day_is_worth_hedging_too() -> None:
    assert min(hedges_of_a_straddle(made(seed, HALF_DAY)) for seed in range(6)) >= 5


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("seed", {"seed": -1}),
        ("date", {"day": date(2026, 3, 15)}),
        ("symbol", {"symbol": "sim x"}),
        ("spot", {"spot": 0.0}),
        ("spot", {"spot": float("nan")}),
        ("interval_ms", {"interval_ms": 1}),
        ("option_interval_ms", {"interval_ms": 7_000}),
        ("option_interval_ms", {"option_interval_ms": 1_000}),
        ("volatility", {"volatility": 9.0}),
    ],
)
def test_arguments_out_of_range_are_named(key: str, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match=f"^{key}: "):
        synth_tape(**{"seed": 1, "day": DAY, **arguments})  # type: ignore[arg-type]
