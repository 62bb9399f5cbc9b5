"""Each scenario does to the classifier what its name says, and nothing where it does nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from hedgerow.backtest.scenarios import SCENARIOS, overlay
from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import LiquidityState, MarketState
from hedgerow.strategy.kit.bars import add_price, moves
from hedgerow.strategy.kit.classifier import classify_liquidity, classify_market
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import MAX_BARS, Bars
from hedgerow.strategy.observation import QuoteView
from hedgerow.tape.format import COLUMN_NAMES, Tape, check_columns
from hedgerow.tape.lean import import_lean
from hedgerow.tape.reader import read_tape
from hedgerow.tape.select import select_straddle
from hedgerow.tape.synth import synth_tape

SEEDS = range(4)
INTERVAL_MS = 15_000
DAY = date(2024, 1, 16)


@lru_cache
def base(seed: int) -> Tape:
    return Tape.of(*synth_tape(seed, DAY, interval_ms=INTERVAL_MS))


@lru_cache
def made(name: str, seed: int) -> Tape:
    return overlay(base(seed), name, seed)


PARAMS = Params()


def regimes(tape: Tape, params: Params = PARAMS) -> tuple[Counter[MarketState], Counter[LiquidityState]]:
    """M and L of the session, evaluated as the strategy does: at every row's time, options' included."""
    bars = Bars((float("nan"),) * MAX_BARS, 0, float("nan"))
    market: Counter[MarketState] = Counter()
    liquidity: Counter[LiquidityState] = Counter()
    limit_ms = max(5_000.0, 2.0 * tape.meta.interval_ms)
    quote_ts, spread_pct, evaluated = 0, float("nan"), 0
    rows = np.flatnonzero(~tape.extended)
    for ts, instrument, bid, ask in zip(*(getattr(tape, n)[rows].tolist() for n in COLUMN_NAMES[:4]), strict=True):
        if instrument == 0:
            mid = (bid + ask) / 2
            bars, quote_ts, spread_pct = add_price(bars, ts, mid), ts, (ask - bid) / mid * 100.0
        elif ts == evaluated:
            continue  # options of one instant tell the classifier nothing new
        evaluated = ts
        age_ms = (ts - quote_ts) / 1e6
        quote = QuoteView(float("nan"), float("nan"), quote_ts, age_ms, limit_ms)
        market[MarketState(classify_market(params, quote, True, moves(bars, params.vol_window_min)))] += 1
        liquidity[LiquidityState(classify_liquidity(params, spread_pct))] += 1
    return market, liquidity


def share(counts: Counter[MarketState], *states: MarketState) -> float:
    return sum(counts[state] for state in states) / counts.total()


@pytest.mark.parametrize("seed", SEEDS)
def test_quiet_is_quiet(seed: int) -> None:
    market, liquidity = regimes(made("quiet", seed))
    assert share(market, MarketState.QUIET) > 0.75
    assert set(market) <= {MarketState.QUIET, MarketState.NORMAL, MarketState.TREND}
    assert set(liquidity) == {LiquidityState.NORMAL}


@pytest.mark.parametrize("seed", SEEDS)
def test_trend_trends(seed: int) -> None:
    market, _ = regimes(made("trend", seed))
    assert share(market, MarketState.TREND) > 0.9
    tape = made("trend", seed)
    mids = ((tape.bid + tape.ask) / 2)[(tape.instrument == 0) & ~tape.extended]
    assert abs(mids[-1] / mids[0] - 1.0) > 0.045


@pytest.mark.parametrize("seed", SEEDS)
def test_a_gap_is_a_gap_once_and_the_rest_is_as_it_was(seed: int) -> None:
    plain, _ = regimes(base(seed))
    market, liquidity = regimes(made("gap", seed))
    assert plain[MarketState.GAP] == 0
    # one move, seen for as long as the window of five minutes holds it
    assert 4 * 60_000 <= market[MarketState.GAP] * INTERVAL_MS <= 8 * 60_000
    assert set(liquidity) == {LiquidityState.NORMAL}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_gaps_shakes_and_widens(seed: int) -> None:
    market, liquidity = regimes(made("crash", seed))
    assert market[MarketState.GAP] * INTERVAL_MS > 5 * 60_000
    assert market[MarketState.CHOPPY_HIGHVOL] * INTERVAL_MS > 20 * 60_000
    assert liquidity[LiquidityState.WIDE] * INTERVAL_MS > 10 * 60_000
    assert liquidity[LiquidityState.EXTREME_WIDE] * INTERVAL_MS > 5 * 60_000
    tape = made("crash", seed)
    mids = ((tape.bid + tape.ask) / 2)[(tape.instrument == 0) & ~tape.extended]
    assert mids.min() / mids[0] < 0.93


@pytest.mark.parametrize("seed", SEEDS)
def test_wide_spreads_are_wide_then_extremely_wide(seed: int) -> None:
    before, _ = regimes(base(seed))
    market, liquidity = regimes(made("wide_spreads", seed))
    assert 0.15 < liquidity[LiquidityState.WIDE] / liquidity.total() < 0.4
    assert 0.03 < liquidity[LiquidityState.EXTREME_WIDE] / liquidity.total() < 0.15
    assert market[MarketState.GAP] == before[MarketState.GAP] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_feed_is_stale(seed: int) -> None:
    plain, _ = regimes(base(seed))
    market, _ = regimes(made("feed_loss", seed))
    assert plain[MarketState.STALE] == 0
    assert market[MarketState.STALE] >= 8  # options quote once a minute while the underlying is silent
    tape, whole = made("feed_loss", seed), base(seed)
    assert np.diff(tape.ts).max() >= 290e9 > 61e9 > np.diff(whole.ts[~whole.extended]).max()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_seed_gives_one_day_and_the_rows_make_a_tape(name: str) -> None:
    tape = made(name, 1)
    check_columns(name, tape, len(tape.meta.instruments))
    again = overlay(base.__wrapped__(1), name, 1)
    for column in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(tape, column), getattr(again, column))
    assert f"scenario {name} (seed 1)" in tape.meta.source
    assert tape.crossed == 0
    assert not np.array_equal(tape.ask, made(name, 2).ask)


@pytest.mark.parametrize("name", ["gap", "crash", "wide_spreads", "feed_loss"])
def test_rows_before_it_begins_keep_their_bits(name: str) -> None:
    whole, tape = base(3), made(name, 3)
    early = whole.ts < whole.meta.session_open_ns + 30 * 60 * 1_000_000_000
    assert early.sum() > 1_000
    for column in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(tape, column)[: early.sum()], getattr(whole, column)[early])


@pytest.mark.parametrize("name", SCENARIOS)
def test_options_stay_worth_what_they_can_be(name: str) -> None:
    """A call less a put of one strike is the forward less the strike, within their spreads."""
    tape = made(name, 2)
    straddle = select_straddle(tape, 21, 35)
    stock = np.flatnonzero((tape.instrument == 0) & ~np.isnan(tape.bid))
    calls, puts = (np.flatnonzero(tape.instrument == leg) for leg in (straddle.call_index, straddle.put_index))
    assert len(calls) == len(puts) > 300
    spot = stock[np.searchsorted(tape.ts[stock], tape.ts[calls], side="right") - 1]
    mids = (tape.bid + tape.ask) / 2
    parity = mids[calls] - mids[puts] - mids[spot] + float(straddle.strike)
    fresh = (tape.ts[calls] - tape.ts[spot]) / 1e6 <= INTERVAL_MS
    room = (tape.ask - tape.bid)[calls] + (tape.ask - tape.bid)[puts]
    assert np.all(np.abs(parity[fresh]) <= 0.6 + room[fresh])


def test_what_is_not_allowed_is_named() -> None:
    with pytest.raises(InvalidValue, match=r"^scenario: 'meltdown'.*quiet, trend, gap, crash"):
        overlay(base(1), "meltdown", 1)
    with pytest.raises(InvalidValue, match=r"^seed: "):
        overlay(base(1), "gap", -1)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_lies_over_a_real_day(name: str, real_day: Callable[[], Tape]) -> None:
    tape = overlay(real_day(), name, 1)
    check_columns(name, tape, len(tape.meta.instruments))
    market, liquidity = regimes(tape)
    assert {
        "quiet": market[MarketState.QUIET] > 60,
        "trend": share(market, MarketState.TREND) > 0.7,
        "gap": market[MarketState.GAP] >= 4,
        "crash": market[MarketState.GAP] >= 4 and liquidity[LiquidityState.EXTREME_WIDE] > 4,
        "wide_spreads": liquidity[LiquidityState.WIDE] > 20 and liquidity[LiquidityState.EXTREME_WIDE] > 4,
        "feed_loss": market[MarketState.STALE] >= 4,
    }[name], (market, liquidity)


@pytest.fixture(scope="module")
def real_day(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Tape]:
    path = tmp_path_factory.mktemp("real") / "twx.parquet"
    import_lean(shared_data, "TWX", date(2014, 6, 5), path)
    return lambda: read_tape(path)
