"""Planted defects are each counted exactly and handled as the policy says; nothing else is touched."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, stock
from hedgerow.tape.examine import examine
from hedgerow.tape.format import COLUMN_NAMES, TapeColumns, check_columns
from hedgerow.tape.quality import ALLOWED, DEFAULTS, Action, Defect, Source
from hedgerow.tape.sessions import midnight_ns, session
from tests.unit.tape.tapes import DAY, NAN, contract

INSTRUMENTS = (stock("ABC"), contract(DAY, "100", Right.CALL), contract(DAY, "100", Right.PUT))
HOURS = session(DAY)
assert HOURS is not None
SOURCE = Source("test", midnight_ns(DAY), midnight_ns(DAY) + 86_400 * 10**9, *HOURS, 1_000, INSTRUMENTS)
ROWS = 240


def clean(seed: int) -> TapeColumns:
    """A second a row, the stock and its two options in turn, every row another price; the session is that long."""
    generator = np.random.default_rng(seed)
    instrument = np.arange(ROWS, dtype=np.int32) % 3
    ts = SOURCE.session_open_ns + (np.arange(ROWS, dtype=np.int64) // 3 + 1) * 10**9
    bid = np.where(instrument == 0, 100.0, 5.0) + np.round(generator.uniform(0, 0.5, ROWS), 4)
    sizes = generator.integers(1, 50, (2, ROWS)) * 100.0
    return TapeColumns(ts, instrument, bid, bid + 0.02, *sizes, np.zeros(ROWS, dtype=np.bool_))


def source() -> Source:
    return SOURCE._replace(session_close_ns=SOURCE.session_open_ns + ROWS // 3 * 10**9)


def test_a_clean_day_is_handed_through() -> None:
    columns = clean(1)
    kept, report = examine(source(), columns)
    assert report.findings == ()
    assert all(getattr(kept, name) is getattr(columns, name) for name in COLUMN_NAMES)


# what one row is made to hold
PLANTS = {
    Defect.NOT_A_NUMBER: [("bid", NAN), ("ask", np.inf)],
    Defect.ZERO_PRICE: [("bid", 0.0), ("ask", 0.0)],
    Defect.ABSURD_PRICE: [("bid", -3.0), ("ask", 199_999.99), ("bid", -0.01)],
    Defect.BAD_SIZE: [("bid_size", NAN), ("ask_size", -5.0), ("bid_size", np.inf)],
    Defect.ABSENT_SIDE: [("bid", NAN), ("ask", NAN)],
    Defect.ZERO_SIZE: [("bid_size", 0.0), ("ask_size", 0.0)],
    Defect.CROSSED: [("ask", 4.5)],
    Defect.OUT_OF_DAY: [("ts", 86_400 * 10**9 * 3), ("ts", 86_400 * 10**9)],
}


@st.composite
def planted(draw: st.DrawFn) -> tuple[int, dict[int, tuple[Defect, str, float]]]:
    """Seed, and per row (never of the stock: its gaps and the day's median stay) one defect."""
    rows = draw(st.lists(st.integers(1, ROWS - 1).filter(lambda row: row % 3), unique=True, max_size=12))
    plants = {row: draw(st.sampled_from(sorted(PLANTS))) for row in rows}
    return draw(st.integers(0, 1_000)), {
        row: (defect, *draw(st.sampled_from(PLANTS[defect]))) for row, defect in plants.items()
    }


def plant(columns: TapeColumns, plants: dict[int, tuple[Defect, str, float]]) -> tuple[TapeColumns, list[np.ndarray]]:
    changed = {name: getattr(columns, name).copy() for name in COLUMN_NAMES}
    stated = [np.ones(ROWS, dtype=np.bool_), np.ones(ROWS, dtype=np.bool_)]
    for row, (defect, name, value) in plants.items():
        if defect is Defect.OUT_OF_DAY:
            changed["ts"][row] = midnight_ns(DAY) + int(value)
        else:
            changed[name][row] = value
        if defect is Defect.ABSENT_SIDE:
            stated[0 if name == "bid" else 1][row] = False
    return TapeColumns(**changed), stated


@settings(max_examples=150)
@given(planted(), st.booleans())
def test_each_defect_is_counted_once_and_the_rest_keeps_its_bits(
    made: tuple[int, dict[int, tuple[Defect, str, float]]], drop: bool
) -> None:
    seed, plants = made
    whole = clean(seed)
    columns, stated = plant(whole, plants)
    policy = dict.fromkeys(PLANTS, Action.DROP) if drop else {}
    kept, report = examine(source(), columns, policy, (stated[0], stated[1]))
    counts = Counter(defect.value for defect, _, _ in plants.values())
    assert dict(report.counts) == dict(counts)
    for finding in report.findings:
        assert finding.first_row == min(row for row, (defect, _, _) in plants.items() if defect is finding.defect)
        assert finding.first_ts == columns.ts[finding.first_row]
    gone = set(plants) if drop else {row for row, (defect, _, _) in plants.items() if defect is Defect.OUT_OF_DAY}
    left = np.array([row for row in range(ROWS) if row not in gone])
    assert len(kept) == report.kept == len(left)
    check_columns("kept", kept, len(INSTRUMENTS))
    for at, row in enumerate(left.tolist()):
        wanted = {name: getattr(columns, name)[row] for name in COLUMN_NAMES}
        if row in plants:
            defect, name, _ = plants[row]
            side = name.removesuffix("_size")
            if defect in (Defect.NOT_A_NUMBER, Defect.ZERO_PRICE, Defect.ABSURD_PRICE):
                wanted |= {side: NAN, f"{side}_size": 0.0}
            elif defect is Defect.BAD_SIZE:
                wanted[name] = 0.0
        for name in COLUMN_NAMES:
            np.testing.assert_array_equal(getattr(kept, name)[at], wanted[name])


ORDER_PLANTS = st.lists(st.integers(10, ROWS - 1), unique=True, max_size=6)


@given(st.integers(0, 1_000), ORDER_PLANTS, st.sampled_from([Action.DROP, Action.REPAIR]))
def test_rows_that_go_back_are_counted_and_dropped_or_put_back(seed: int, late: list[int], action: Action) -> None:
    columns = clean(seed)
    ts = columns.ts.copy()
    for row in late:
        ts[row] = columns.ts[row - 6] - 1  # before the two seconds that came already
    reversed_ = replace(columns, ts=ts)
    behind = [row for row in range(1, ROWS) if ts[row] < ts[:row].max()]
    kept, report = examine(source(), reversed_, {Defect.TIME_REVERSAL: action})
    assert dict(report.counts).get("TIME_REVERSAL", 0) == len(behind)
    left = [row for row in range(ROWS) if row not in behind or action is Action.REPAIR]
    if action is Action.REPAIR:
        left.sort(key=lambda row: ts[row])
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(kept, name), getattr(reversed_, name)[left])


@given(st.integers(0, 1_000), st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(1, 3)), max_size=6))
def test_repeated_rows_are_counted_and_dropped(seed: int, repeats: list[tuple[int, int]]) -> None:
    columns = clean(seed)
    extra = [row for row, times in dict(repeats).items() for _ in range(times)]
    rows = np.sort(np.array([*range(ROWS), *extra], dtype=np.intp), kind="stable")
    kept, report = examine(source(), columns.take(rows))
    assert dict(report.counts).get("DUPLICATE", 0) == len(extra)
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(kept, name), getattr(columns, name))


@given(st.integers(0, 1_000), st.lists(st.integers(1, ROWS // 3 - 3), unique=True, max_size=4))
def test_gaps_are_counted(seed: int, holes: list[int]) -> None:
    columns = clean(seed)
    second = (columns.ts - SOURCE.session_open_ns) // 10**9 - 1
    stretches = sum(1 for hole in holes if hole - 1 not in holes)
    _, report = examine(source(), columns.take(np.flatnonzero(~np.isin(second, holes))))
    assert dict(report.counts).get("GAP", 0) == stretches


@pytest.mark.parametrize("defect", Defect)
def test_what_the_policy_refuses_is_named_with_its_row(defect: Defect) -> None:
    assert Action.REFUSE in ALLOWED[defect]
    columns = clean(1)
    if defect in PLANTS:
        columns, stated = plant(columns, {61: (defect, *PLANTS[defect][0])})
    elif defect is Defect.TIME_REVERSAL:
        ts = columns.ts.copy()
        ts[61] -= 5 * 10**9
        columns, stated = replace(columns, ts=ts), None
    elif defect is Defect.DUPLICATE:
        columns, stated = columns.take(np.array([*range(61), 60, *range(61, ROWS)])), None
    else:
        columns, stated = columns.take(np.array([*range(60), *range(63, ROWS)])), None
    with pytest.raises(InvalidValue, match=f"^test row {60 if defect is Defect.GAP else 61} {defect}: 1 "):
        examine(source(), columns, {defect: Action.REFUSE}, stated and (stated[0], stated[1]))


@pytest.mark.parametrize(("price", "count"), [(499.0, 0), (501.5, 1), (20.5, 0), (19.9, 1)])
def test_the_stock_is_judged_by_its_median(price: float, count: int) -> None:
    columns = clean(1)
    bid = columns.bid.copy()
    bid[30] = price
    _, report = examine(source(), replace(columns, bid=bid), {Defect.ABSURD_PRICE: Action.REPAIR})
    assert dict(report.counts).get("ABSURD_PRICE", 0) == count


def test_the_defaults_are_the_first_allowed() -> None:
    assert {defect: ALLOWED[defect][0] for defect in Defect} == DEFAULTS
