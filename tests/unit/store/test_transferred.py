"""What came without an order: options where wanted, strategies only, the newest word on each."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.api.portfolio.v1 import portfolio_pb2 as pb
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import MANUAL, PositionKey
from hedgerow.store.transferred import Transferred
from hedgerow.wire.common import decimal_to_wire, instrument_to_wire

CALL = "GOOG 20160122 750 C"
STOCK_KEY, CALL_KEY = PositionKey("A", "s", "GOOG"), PositionKey("A", "s", CALL)


def position(instrument_id: str, transferred: int | None, owner: str = "s") -> pb.Position:
    part = None if transferred is None else pb.TransferredPart(quantity=decimal_to_wire(Decimal(transferred)))
    instrument = instrument_to_wire(parse_instrument_id(instrument_id))
    return pb.Position(
        account="A", instrument=instrument, owner=owner, quantity=decimal_to_wire(Decimal(7)), transferred=part
    )


def snapshot(*positions: pb.Position) -> pb.StreamPositionsResponse:
    return pb.StreamPositionsResponse(snapshot=pb.PositionSnapshot(positions=positions))


def test_options_are_there_only_where_wanted_and_people_never() -> None:
    told = snapshot(position("GOOG", 100), position(CALL, 8), position("GOOG", 50, MANUAL), position("TWX", None))
    stocks, everything = Transferred(), Transferred(options=True)
    for each in (stocks, everything):
        each.take(told)
    assert stocks.held == {STOCK_KEY: Decimal(100)}
    assert everything.held == {STOCK_KEY: Decimal(100), CALL_KEY: Decimal(8)}


def test_the_newest_word_counts_and_a_snapshot_is_all_there_is() -> None:
    known = Transferred(options=True)
    known.take(snapshot(position("GOOG", 100), position(CALL, 8)))
    known.take(pb.StreamPositionsResponse(position=position(CALL, 3)))
    assert (known.of(CALL_KEY), known.of(STOCK_KEY)) == (3, 100)
    known.take(pb.StreamPositionsResponse(position=position(CALL, None)))  # exercised: nothing of it is left
    assert known.held == {STOCK_KEY: Decimal(100)}
    known.take(snapshot(position(CALL, 1)))
    assert known.held == {CALL_KEY: Decimal(1)}
