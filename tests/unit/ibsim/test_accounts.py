"""Account values, positions and commissions of the simulated account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.instrument import Instrument, parse_instrument_id, stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.contracts import Universe

CALL = parse_instrument_id("SIMX 20240328 100 C")


@pytest.fixture
def parts() -> tuple[Accounts, Book, Universe]:
    universe, book = Universe(), Book(None, "SIM1", Decimal(100_000))
    universe.load([stock("SIMX"), CALL])
    universe.by_id["SIMX"].quote.update(1, 99.0, 101.0, 1, 1, False)
    universe.by_id[CALL.instrument_id].quote.update(1, 2.0, 2.1, 1, 1, False)
    return Accounts(book, universe), book, universe


def hold(book: Book, instrument: Instrument, quantity: int, average: str) -> None:
    book.set_position(instrument, Position(Decimal(quantity), Decimal(average), Decimal(5)))


def test_values_are_marked_at_mid(parts: tuple[Accounts, Book, Universe]) -> None:
    accounts, book, _ = parts
    hold(book, stock("SIMX"), -100, "98")
    hold(book, CALL, 10, "2")
    values = accounts.values()
    assert values["NetLiquidation"] == "92050.00"  # 100000 - 100 x 100 + 10 x 100 x 2.05
    assert values["UnrealizedPnL"] == "-150.00"  # -200 on the stock, +50 on the calls
    assert values["RealizedPnL"] == "10.00"
    assert values["GrossPositionValue"] == "12050.00"
    assert values["InitMarginReq"] == "2500.00"


def test_a_one_sided_quote_is_marked_at_the_side_there_is_and_none_at_the_last(
    parts: tuple[Accounts, Book, Universe],
) -> None:
    accounts, book, universe = parts
    hold(book, CALL, 1, "2")
    quote = universe.by_id[CALL.instrument_id].quote
    quote.update(2, 1.9, None, 1, 0, False)
    assert accounts.holding(CALL.instrument_id).market_price == Decimal("1.9")
    quote.update(3, None, None, 0, 0, False)
    assert accounts.holding(CALL.instrument_id).market_price == Decimal("1.9")
    assert accounts.holding(CALL.instrument_id).average_cost == 200


def test_funds_limit_what_adds_and_never_what_reduces(parts: tuple[Accounts, Book, Universe]) -> None:
    accounts, book, universe = parts
    listing = universe.by_id["SIMX"]
    assert accounts.shortfall(listing, Side.BUY, Decimal(3999), Decimal(100)) < 0
    assert accounts.shortfall(listing, Side.BUY, Decimal(4001), Decimal(100)) == 25
    hold(book, stock("SIMX"), 50_000, "100")
    book.cash -= 5_000_000
    assert accounts.shortfall(listing, Side.SELL, Decimal(50_000), Decimal(100)) == 0
    assert accounts.shortfall(listing, Side.BUY, Decimal(1), Decimal(100)) > 0


def test_an_option_bought_is_paid_and_one_sold_needs_margin(parts: tuple[Accounts, Book, Universe]) -> None:
    accounts, _, universe = parts
    listing = universe.by_id[CALL.instrument_id]
    assert accounts.shortfall(listing, Side.BUY, Decimal(500), Decimal(2)) == 0
    assert accounts.shortfall(listing, Side.BUY, Decimal(501), Decimal(2)) == 200
    assert accounts.margin(listing, Decimal(-1), Decimal(2)) == 2200  # premium and a fifth of the underlying
