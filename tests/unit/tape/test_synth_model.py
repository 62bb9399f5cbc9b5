"""The model of regimes: seeded, several days in a row, with jumps and the day's rhythm, free of arbitrage."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right
from hedgerow.pricing.implied_volatility import implied_volatility
from hedgerow.tape.examine import examine
from hedgerow.tape.format import COLUMN_NAMES, Tape, check_columns
from hedgerow.tape.quality import day_source
from hedgerow.tape.select import select_straddle
from hedgerow.tape.sessions import expiry_close_ns, next_session
from hedgerow.tape.synth import RATE, black_scholes, synth_days, synth_tape
from hedgerow.tape.synth_model import model_days, smile

FIRST = date(2024, 1, 12)
DAYS = 6


@lru_cache
def made(seed: int, days: int = DAYS) -> list[Tape]:
    return [Tape.of(*day) for day in model_days(seed, FIRST, days, interval_ms=15_000)]


def mids(tape: Tape, regular: bool = True) -> np.ndarray:
    rows = (tape.instrument == 0) & (~tape.extended if regular else True)
    return ((tape.bid + tape.ask) / 2)[rows]


def test_a_seed_gives_the_same_days_and_more_days_the_same_first_ones() -> None:
    again = [columns for _, columns in model_days(1, FIRST, 2, interval_ms=15_000)]
    for tape, columns in zip(made(1), again, strict=False):
        for name in COLUMN_NAMES:
            np.testing.assert_array_equal(getattr(tape, name), getattr(columns, name))
    assert not np.array_equal(made(1)[0].bid, made(2)[0].bid)


def test_days_follow_each_other() -> None:
    tapes = made(1)
    assert [tape.meta.date for tape in tapes][:3] == [FIRST, date(2024, 1, 16), date(2024, 1, 17)]  # a long week-end
    assert mids(tapes[0])[0] == pytest.approx(100.0, rel=0.01)
    for one, other in pairwise(tapes):
        assert abs(mids(other, regular=False)[0] / mids(one, regular=False)[-1] - 1.0) < 0.06
        listed = {each for each in one.meta.instruments if each.expiry and each.expiry >= other.meta.date}
        near = {each for each in listed if abs(float(each.strike or 0) / mids(other)[0] - 1.0) < 0.2}
        assert near <= set(other.meta.instruments)


@pytest.mark.parametrize("seed", range(3))
def test_rows_make_a_tape_without_a_defect(seed: int) -> None:
    for tape in made(seed):
        meta = tape.meta
        check_columns("tape", tape, len(meta.instruments))
        source = day_source("t", meta.date, (meta.session_open_ns, meta.session_close_ns), 15_000, meta.instruments)
        _, report = examine(source, tape)
        assert {kind for kind, _ in report.counts} <= {"ABSENT_SIDE"}
        assert not np.isnan(tape.bid[tape.instrument == 0]).any()
        assert select_straddle(tape, 14, 45).strike > 0


def test_the_day_has_a_rhythm_regimes_and_jumps() -> None:
    moves = [np.diff(np.log(mids(tape))) for seed in range(8) for tape in made(seed)]
    full = [each for each in moves if len(each) == len(moves[0])]
    by_time = np.mean([np.abs(each) for each in full], axis=0)
    fifth = len(by_time) // 5
    assert by_time[:fifth].mean() > 1.3 * by_time[2 * fifth : 3 * fifth].mean()
    assert by_time[-fifth:].mean() > 1.1 * by_time[2 * fifth : 3 * fifth].mean()
    volatility = np.array([np.median(np.abs(each)) for each in moves])
    assert volatility.max() > 2.0 * volatility.min()
    largest = np.array([np.abs(each).max() for each in moves])
    assert 0.1 < np.mean(largest > 0.004) < 0.9  # some days jump, some do not
    together = np.concatenate(moves)
    assert np.mean((together / together.std()) ** 4) > 8.0  # a normal distribution has 3
    daily = np.array([each.sum() for each in moves])
    assert 0.08 < daily.std() * np.sqrt(252) < 0.45


def test_the_chain_has_the_smile_it_was_priced_with() -> None:
    tape = made(3)[0]
    row = np.flatnonzero(tape.instrument == 0)
    ts = tape.ts[row[len(row) // 2]]
    options = np.flatnonzero((tape.instrument > 0) & (np.abs(tape.ts - ts) < 31e9))
    spot = float(np.interp(ts, tape.ts[row], ((tape.bid + tape.ask) / 2)[row]))
    found: dict[float, float] = {}
    expiry = sorted({each.expiry for each in tape.meta.instruments if each.expiry})[1]
    for at in options.tolist():
        each = tape.meta.instruments[tape.instrument[at]]
        strike, is_call = float(each.strike or 0), each.right is Right.CALL
        if each.expiry != expiry or (strike > spot) != is_call or np.isnan(tape.bid[at]):
            continue
        years = (expiry_close_ns(expiry) - int(tape.ts[at])) / (365 * 86_400 * 1e9)
        mid = (tape.bid[at] + tape.ask[at]) / 2
        found[strike] = implied_volatility(is_call, mid, spot, strike, years, RATE, 0.0)
    low, middle, high = (min(found, key=lambda strike: abs(strike - spot * share)) for share in (0.94, 1.0, 1.05))
    assert found[low] > found[middle] + 0.01
    assert found[low] > found[high]


def test_the_smile_holds_no_arbitrage() -> None:
    strikes = np.linspace(0.8, 1.25, 91)
    for atm in (0.1, 0.2, 0.4, 0.6):
        calls = []
        for years in (1 / 365, 4 / 365, 10 / 365, 28 / 365, 60 / 365, 95 / 365):
            terms = np.full(len(strikes), years)
            spots = np.ones(len(strikes))
            vols = smile(strikes, terms, spots, np.full(len(strikes), atm), 0.2)
            call = black_scholes(spots, strikes, terms, vols, np.ones(len(strikes), dtype=bool))
            put = black_scholes(spots, strikes, terms, vols, np.zeros(len(strikes), dtype=bool))
            assert (np.diff(call) < 1e-12).all()
            assert (np.diff(put) > -1e-12).all()
            assert (np.diff(call, 2) > -1e-9).all(), (atm, years, np.diff(call, 2).min())
            calls.append(call)
        assert all((later - earlier > -1e-12).all() for earlier, later in pairwise(calls)), atm


def test_swings_follow_each_other_too() -> None:
    days = list(synth_days(7, FIRST, 2))
    meta, columns = synth_tape(7, FIRST)
    assert days[0][0] == meta
    np.testing.assert_array_equal(days[0][1].bid, columns.bid)
    assert days[1][0].date == next_session(date(2024, 1, 13))
    ended = columns.bid[np.flatnonzero(columns.instrument == 0)[-1]]
    opened = days[1][1].bid[np.searchsorted(days[1][1].ts, days[1][0].session_open_ns)]
    assert opened == pytest.approx(ended, rel=0.002)


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("seed", {"seed": -1}),
        ("date", {"first": date(2024, 1, 13)}),
        ("spot", {"spot": 1.0}),
        ("symbol", {"symbol": "a b"}),
    ],
)
def test_arguments_out_of_range_are_named(key: str, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match=f"^{key}: "):
        next(model_days(**{"seed": 1, "first": FIRST, "days": 1, **arguments}))  # type: ignore[arg-type]
