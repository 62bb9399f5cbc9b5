"""What came to a strategy without an order, as portfolio last told: no execution of its own tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.domain.position import BROKER, MANUAL, ZERO, PositionKey
from hedgerow.store.location import Place
from hedgerow.store.read import read_rows
from hedgerow.wire.common import decimal_from_wire, instrument_from_wire


class Transferred:
    """Signed shares by (account, strategy, stock), from an exercise or assignment, an adoption, a break given.

    Portfolio unreachable, its last word stands; before its first, the transfers it keeps in its own store, which needs
    nobody alive. Contracts of options are here where `options` says so.
    """

    def __init__(self, options: bool = False) -> None:
        self._options = options
        self._held: dict[PositionKey, Decimal] = {}

    @property
    def held(self) -> Mapping[PositionKey, Decimal]:
        """Everything, as of now: a view."""
        return MappingProxyType(self._held)

    def read(self, store: Place) -> None:
        """Takes what portfolio's store says; raises Unavailable. Blocks, for a thread or a start."""
        for row in read_rows(store, "portfolio", "transfers"):
            if not row["instrument"] or not self._counts(parse_instrument_id(row["instrument"])):
                continue
            for owner, quantity in ((row["from_owner"], -row["quantity"]), (row["to_owner"], row["quantity"])):
                if owner not in (MANUAL, BROKER):
                    key = PositionKey(row["account"], owner, row["instrument"])
                    self._held[key] = self._held.get(key, ZERO) + quantity

    def take(self, message: portfolio_pb2.StreamPositionsResponse) -> None:
        """Takes one message of portfolio's stream in; raises InvalidValue."""
        kind = message.WhichOneof("event")
        if kind == "snapshot":
            self._held = {}
            self._put(message.snapshot.positions)
        elif kind == "position":
            self._put((message.position,))

    def _put(self, positions: Iterable[portfolio_pb2.Position]) -> None:
        for position in positions:
            instrument = instrument_from_wire("position.instrument", position.instrument)
            if position.owner == MANUAL or not self._counts(instrument):
                continue
            key = PositionKey(position.account, position.owner, instrument.instrument_id)
            self._held.pop(key, None)
            if position.HasField("transferred"):
                quantity = decimal_from_wire("transferred.quantity", position.transferred.quantity)
                if quantity:
                    self._held[key] = quantity

    def _counts(self, instrument: Instrument) -> bool:
        return self._options or not instrument.is_option

    def of(self, key: PositionKey) -> Decimal:
        """What one strategy has there beyond its own executions."""
        return self._held.get(key, ZERO)

    def keys(self, strategy: str) -> list[PositionKey]:
        """Where one strategy has any."""
        return [key for key in self._held if key.strategy == strategy]

    def at(self, place: tuple[str, str]) -> Decimal:
        """What all strategies together have in (account, instrument id) beyond their executions."""
        found = (quantity for key, quantity in self._held.items() if (key.account, key.instrument_id) == place)
        return sum(found, ZERO)
