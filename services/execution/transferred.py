"""Shares that came to a strategy without an order, as portfolio last told: no execution of its own tells them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import ZERO
from hedgerow.store.location import Place as StorePlace
from hedgerow.store.read import read_rows
from hedgerow.wire.common import decimal_from_wire, instrument_from_wire
from services.execution.domain.positions import PositionKey
from services.execution.holdings import BROKER, MANUAL, Place


class Transferred:
    """Signed shares by (account, strategy, stock), from an exercise or assignment, an adoption, a break given.

    Portfolio unreachable, its last word stands; before its first, the transfers it keeps in its own store, which needs
    nobody alive. Option legs are not here: a flatten asks for them when it closes them.
    """

    def __init__(self) -> None:
        self._held: dict[PositionKey, Decimal] = {}

    def read(self, store: StorePlace) -> None:
        """Takes what portfolio's store says; raises Unavailable. Blocks, for a thread or a start."""
        for row in read_rows(store, "portfolio", "transfers"):
            if not row["instrument"] or parse_instrument_id(row["instrument"]).is_option:
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
            if position.owner == MANUAL or instrument.is_option:
                continue
            key = PositionKey(position.account, position.owner, instrument.instrument_id)
            self._held.pop(key, None)
            if position.HasField("transferred"):
                quantity = decimal_from_wire("transferred.quantity", position.transferred.quantity)
                if quantity:
                    self._held[key] = quantity

    def of(self, key: PositionKey) -> Decimal:
        """What one strategy has there beyond its own executions."""
        return self._held.get(key, ZERO)

    def keys(self, strategy: str) -> list[PositionKey]:
        """Where one strategy has any."""
        return [key for key in self._held if key.strategy == strategy]

    def at(self, place: Place) -> Decimal:
        """What all strategies together have there beyond their executions."""
        found = (quantity for key, quantity in self._held.items() if (key.account, key.instrument_id) == place)
        return sum(found, ZERO)
