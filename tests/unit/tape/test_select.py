"""The adoption rule: earliest expiry in the window two-sided at the open, strike nearest spot, ties to the lower."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, stock
from hedgerow.tape.format import Tape
from hedgerow.tape.select import select_straddle
from tests.unit.tape.conftest import ImportedDay
from tests.unit.tape.tapes import NAN, Row, contract, meta, tape

NEAR, FAR = date(2016, 1, 15), date(2016, 1, 22)  # 22 and 29 days
SPOT: Row = (60.0, 0, 99.99, 100.01)


def chain(expiries: list[date], strikes: list[str], rows: list[Row]) -> Tape:
    """ABC with calls and puts of those expiries and strikes: indexes 1, 2 the first strike's call and put, and on."""
    legs = [contract(e, k, right) for e in expiries for k in strikes for right in (Right.CALL, Right.PUT)]
    return tape(meta((stock("ABC"), *legs)), sorted(rows))


def quoted(*instruments: int, at: float = 60.0) -> list[Row]:
    return [(at, each, 2.0 + each, 2.2 + each) for each in instruments]


def test_the_nearest_strike() -> None:
    made = chain([NEAR], ["95", "101", "102"], [SPOT, *quoted(1, 2, 3, 4, 5, 6)])
    found = select_straddle(made, 21, 35)
    assert (found.expiry, found.strike, found.dte) == (NEAR, Decimal("101"), 22)
    assert (found.call_index, found.put_index) == (3, 4)
    assert found.call == made.meta.instruments[3]
    assert found.put.right is Right.PUT
    assert [found.spot, found.call_mid, found.put_mid] == pytest.approx([100.0, 5.1, 6.1])
    assert found.as_of_ns == made.meta.session_open_ns + 60_000_000_000


def test_ties_go_to_the_lower_strike_exactly() -> None:
    made = chain([NEAR], ["97.5", "102.5"], [(60.0, 0, 99.93, 100.07), *quoted(1, 2, 3, 4)])
    assert select_straddle(made, 21, 35).strike == Decimal("97.5")


def test_a_one_sided_expiry_gives_way_to_the_next() -> None:
    rows = [SPOT, *quoted(1), (60.0, 2, NAN, 2.0), *quoted(3, 4)]
    assert select_straddle(chain([NEAR, FAR], ["100"], rows), 21, 35).expiry == FAR


def test_only_the_first_quotes_in_the_session_count() -> None:
    rows = [(-60.0, 0, 90.0, 91.0), *quoted(1, 2, at=-60.0), SPOT, (60.0, 1, NAN, 2.0), *quoted(2), *quoted(1, at=120)]
    with pytest.raises(InvalidValue, match=r"one-sided: 2016-01-15 \(22 days, strike 100\)"):
        select_straddle(chain([NEAR], ["100"], rows), 21, 35)


def test_a_leg_that_comes_late_is_not_two_sided_at_the_open() -> None:
    with pytest.raises(InvalidValue, match="one-sided"):
        select_straddle(chain([NEAR], ["100"], [SPOT, *quoted(1), *quoted(2, at=3_600.0)]), 21, 35)
    assert select_straddle(chain([NEAR], ["100"], [SPOT, *quoted(1), *quoted(2, at=120.0)]), 21, 35).dte == 22


def test_a_one_sided_underlying_waits_for_its_first_mid() -> None:
    rows = [(60.0, 0, NAN, 90.0), (120.0, 0, 99.0, 101.0), *quoted(1, 2, 3, 4)]
    assert select_straddle(chain([NEAR], ["90", "100"], rows), 21, 35).strike == Decimal("100")


def test_a_strike_without_its_put_is_no_straddle() -> None:
    legs = (contract(NEAR, "100", Right.CALL), contract(NEAR, "90", Right.CALL), contract(NEAR, "90", Right.PUT))
    made = tape(meta((stock("ABC"), *legs)), sorted([SPOT, *quoted(1, 2, 3)]))
    assert select_straddle(made, 21, 35).strike == Decimal("90")


@pytest.mark.parametrize(
    ("window", "fix"),
    [((1, 21), "max_dte=22"), ((30, 35), "min_dte=29"), ((23, 28), "max_dte=29")],
)
def test_no_expiry_in_the_window(window: tuple[int, int], fix: str) -> None:
    made = chain([NEAR, FAR], ["100"], [SPOT, *quoted(1, 2, 3, 4)])
    with pytest.raises(InvalidValue) as caught:
        select_straddle(made, *window)
    message = str(caught.value)
    assert "gates.strategy.structure.min_dte/max_dte" in message
    assert "2016-01-15 (22 days), 2016-01-22 (29 days)" in message
    assert f"--set gates.strategy.structure.{fix}" in message


def test_a_day_without_options_or_without_quotes() -> None:
    with pytest.raises(InvalidValue, match="option chain"):
        select_straddle(tape(meta(), [SPOT]), 21, 35)
    with pytest.raises(InvalidValue, match="both sides in the session"):
        select_straddle(chain([NEAR], ["100"], quoted(1, 2)), 21, 35)


def test_goog_on_its_half_day(imported: ImportedDay) -> None:
    found = select_straddle(imported("GOOG", date(2015, 12, 24)), 21, 35)
    assert (found.expiry, found.strike, found.dte) == (date(2016, 1, 15), Decimal(750), 22)
    assert [found.spot, found.call_mid, found.put_mid] == pytest.approx([749.11, 13.55, 14.05])
    assert found.as_of_ns == 1450967460000000000  # 9:31 in New York
    assert found.call.instrument_id == "GOOG 20160115 750 C"
    assert found.put.instrument_id == "GOOG 20160115 750 P"


def test_twx_needs_a_longer_window(imported: ImportedDay) -> None:
    twx = imported("TWX", date(2014, 6, 5))
    with pytest.raises(InvalidValue) as caught:
        select_straddle(twx, 21, 35)
    assert "2014-06-21 (15 days), 2014-07-19 (43 days)" in str(caught.value)
    assert "gates.strategy.structure.max_dte=43" in str(caught.value)
    found = select_straddle(twx, 21, 45)
    assert (found.expiry, found.dte, found.strike) == (date(2014, 7, 19), 43, Decimal(70))
