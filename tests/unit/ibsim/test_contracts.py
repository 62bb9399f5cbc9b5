"""Contract requests answered: details, chains, and the errors for what there is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hedgerow.domain.instrument import Right, option, stock
from hedgerow.ibsim.codes import RequestRefused
from hedgerow.ibsim.contracts import Universe

EXPIRY = date(2016, 1, 15)
CALL, PUT = option("GOOG", EXPIRY, Decimal("747.5"), Right.CALL), option("GOOG", EXPIRY, Decimal("747.5"), Right.PUT)
_NAMES = "conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass"
EMPTY = dict.fromkeys(_NAMES.split(" "), "")


@pytest.fixture
def universe() -> Universe:
    made = Universe()
    made.load([stock("GOOG"), CALL, PUT, stock("TWX")])
    return made


def ids(universe: Universe, **wanted: str) -> list[str]:
    return [listing.instrument_id for listing in universe.match(EMPTY | wanted)]


def test_ids_do_not_depend_on_what_else_is_listed(universe: Universe) -> None:
    other = Universe()
    other.load([PUT, stock("GOOG")])
    for name in ("GOOG", PUT.instrument_id):
        assert other.by_id[name].con_id == universe.by_id[name].con_id


@pytest.mark.parametrize(
    "wanted",
    [
        {"symbol": "GOOG", "secType": "OPT", "expiry": "20160115", "strike": "747.5", "right": "C"},
        {"symbol": "GOOG", "secType": "OPT", "expiry": "201601", "strike": "747.50", "right": "CALL"},
        {"localSymbol": "GOOG  160115C00747500"},
        {"symbol": "GOOG", "right": "C", "secType": "OPT", "multiplier": "100", "exchange": "CBOE", "currency": "USD"},
    ],
)
def test_finds_an_option_however_it_is_described(universe: Universe, wanted: dict[str, str]) -> None:
    assert ids(universe, **wanted) == ["GOOG 20160115 747.5 C"]


def test_an_id_must_agree_with_what_is_said_beside_it(universe: Universe) -> None:
    con_id = str(universe.by_id["GOOG"].con_id)
    assert ids(universe, conId=con_id) == ["GOOG"]
    assert ids(universe, conId=con_id, symbol="TWX") == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"symbol": "AAPL"}, {"symbol": "GOOG", "currency": "EUR"}, {"symbol": "GOOG", "exchange": "IDEALPRO"},
        {"symbol": "GOOG", "secType": "FUT"}, {"symbol": "GOOG", "secType": "OPT", "strike": "750"},
        {"symbol": "GOOG", "secType": "OPT", "strike": "seven"}, {"symbol": "GOOG", "secType": "OPT", "right": "X"},
        {"symbol": "GOOG", "secType": "OPT", "multiplier": "10"}, {"conId": "1"}, {},
    ],
)  # fmt: skip
def test_finds_nothing_else(universe: Universe, wanted: dict[str, str]) -> None:
    assert ids(universe, **wanted) == []


def test_an_order_needs_one_contract_and_an_exchange(universe: Universe) -> None:
    half_open = EMPTY | {"symbol": "GOOG", "secType": "OPT", "exchange": "SMART"}
    with pytest.raises(RequestRefused, match=r"200 .* ambiguous"):
        universe.one(half_open)
    with pytest.raises(RequestRefused, match=r"321 .*enter exchange"):
        universe.one(EMPTY | {"symbol": "GOOG"})
    with pytest.raises(RequestRefused, match="200 No security"):
        universe.one(EMPTY | {"symbol": "AAPL", "exchange": "SMART"})


def test_a_new_day_unlists_what_it_does_not_have_and_keeps_its_id(universe: Universe) -> None:
    call = universe.by_id[CALL.instrument_id]
    call.quote.mark = 3.5
    listings = universe.load([stock("GOOG"), PUT])
    assert [listing.instrument_id for listing in listings] == ["GOOG", PUT.instrument_id]
    assert not call.listed
    assert ids(universe, symbol="GOOG", secType="OPT") == [PUT.instrument_id]
    assert ids(universe, conId=str(call.con_id)) == [CALL.instrument_id]
    assert universe.by_con_id[call.con_id].quote.mark == 3.5
    assert [o.instrument_id for o in universe.by_id["GOOG"].options] == [PUT.instrument_id]
