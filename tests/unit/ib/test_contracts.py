"""Instruments to the library's contracts and back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.ib.contracts import decimal_of, from_contract, to_contract
from hedgerow.ib.library import CLIENT_NAME, library

CALL = option("GOOG", date(2016, 1, 22), Decimal(750), Right.CALL)


@pytest.fixture(scope="module", autouse=True)
async def _inside_the_loop() -> None:
    library()


@pytest.mark.parametrize(
    "instrument",
    [stock("GOOG"), stock("BRK.B"), CALL, option("TWX", date(2014, 7, 19), Decimal("67.5"), Right.PUT, 10)],
)
async def test_there_and_back(instrument: Instrument) -> None:
    assert from_contract(to_contract(instrument)) == instrument


async def test_class_shares_are_written_with_a_blank() -> None:
    assert to_contract(stock("BRK.B")).symbol == "BRK B"


async def test_the_broker_s_spellings_are_read() -> None:
    contract = library().Contract(
        secType="OPT", symbol="GOOG", lastTradeDateOrContractMonth="20160122 15:00:00 US/Central", strike=750.0,
        right="CALL", multiplier="100.0", exchange="CBOE", currency="USD",
    )  # fmt: skip
    assert from_contract(contract) == CALL


@pytest.mark.parametrize(
    "fields",
    [
        {"secType": "FUT", "symbol": "ES"},
        {"secType": "BAG", "symbol": "GOOG"},
        {"secType": "STK", "symbol": ""},
        {"secType": "OPT", "symbol": "GOOG", "strike": 750.0, "right": "C"},
        {"secType": "OPT", "symbol": "GOOG", "lastTradeDateOrContractMonth": "201601", "strike": 750.0, "right": "C"},
        {"secType": "OPT", "symbol": "GOOG", "lastTradeDateOrContractMonth": "20160122", "strike": 0.0, "right": "C"},
        {"secType": "OPT", "symbol": "GOOG", "lastTradeDateOrContractMonth": "20160122", "strike": 750.0, "right": "?"},
    ],
)
async def test_what_cannot_be_traded_here_is_none(fields: dict[str, Any]) -> None:
    assert from_contract(library().Contract(**fields)) is None


@pytest.mark.parametrize(
    ("number", "text"), [(100.0, "100"), (0.0, "0"), (-300.0, "-300"), (749.2, "749.2"), (0.01, "0.01"), (1000, "1000")]
)
def test_numbers_become_their_shortest_decimal(number: float, text: str) -> None:
    assert str(decimal_of(number)) == text


def test_one_client_library_is_installed() -> None:
    assert CLIENT_NAME in {"ib_insync", "ib_async"}
