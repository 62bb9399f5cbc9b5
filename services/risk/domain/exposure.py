"""Exposure: positions folded from execution reports and transfers, and what open and approved orders reserve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.order import OrderCheck, Side
from hedgerow.domain.position import PositionKey
from hedgerow.rules.facts import Exposure

ZERO = Decimal(0)


class ReportGap(HedgerowError):
    """Reports are missing between those folded in and the next: the fold must begin anew."""

    reason = "REPORT_GAP"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Quantity an order may still buy or sell, shares or contracts.

    `release_at` is CLOCK_MONOTONIC ns after which an approval that execution never reported may
    be dropped; None once execution has named the order. `told_at` is the sequence of the report
    that spoke of it last, 0 before one did.
    """

    intent_id: str
    strategy: str
    account: str
    instrument_id: str
    side: Side
    leaves_qty: Decimal
    release_at: int | None = None
    told_at: int = 0


class ExposureBook:
    """Positions and reservations per account and instrument; `sequence` is the last report folded in.

    A position follows from each order's cumulative quantity, so that a corrected execution or a
    repeated report changes nothing twice. What came to a strategy without an order is kept beside
    and added: no report tells it, and it fills no order.
    """

    def __init__(self) -> None:
        self.sequence = 0
        self._filled: dict[str, Decimal] = {}  # client_order_id -> cum_qty, of every order ever reported
        # intent_id -> sequence of the report that ended its order; a correction may have opened it again since
        self._closed: dict[str, int] = {}
        self._positions: dict[tuple[str, str], dict[str, Decimal]] = {}  # (account, instrument) -> strategy -> signed
        self._transferred: dict[tuple[str, str], dict[str, Decimal]] = {}  # as above, what no report tells
        self._reserved: dict[tuple[str, str], dict[str, Reservation]] = {}  # (account, instrument) -> intent_id
        self._places: dict[str, tuple[str, str]] = {}  # intent_id of every reservation -> its place above
        # The reserved quantities added up, so that a check does not count orders: place -> (strategy, side) -> sum.
        self._totals: dict[tuple[str, str], dict[tuple[str, Side], Decimal]] = {}

    def apply(self, report: ExecutionReport) -> None:
        """Folds the next report in; one already folded changes nothing. Raises ReportGap when one is missing."""
        if report.sequence <= self.sequence:
            return
        if report.sequence != self.sequence + 1:
            raise ReportGap(f"report {report.sequence} follows {self.sequence}")
        place = (report.account, report.instrument_id)
        grown = report.cum_qty - self._filled.get(report.client_order_id, ZERO)
        self._filled[report.client_order_id] = report.cum_qty
        if grown:
            held = self._positions.setdefault(place, {})
            held[report.strategy] = held.get(report.strategy, ZERO) + grown * report.side.sign
        if report.order_status.is_terminal:
            self._closed[report.intent_id] = report.sequence
            self._drop(report.intent_id)
        else:
            self._keep(
                Reservation(
                    report.intent_id,
                    report.strategy,
                    report.account,
                    report.instrument_id,
                    report.side,
                    report.leaves_qty,
                    told_at=report.sequence,
                )
            )
        self.sequence = report.sequence

    def transfer(self, held: Mapping[PositionKey, Decimal]) -> None:
        """Takes every signed quantity that came to a strategy without an order, in place of those known before."""
        self._transferred = {}
        for key, quantity in held.items():
            self._transferred.setdefault((key.account, key.instrument_id), {})[key.strategy] = quantity

    def reserve(self, check: OrderCheck, release_at: int) -> None:
        """Holds the exposure of an approved order, unless execution has reported that order already."""
        if check.intent_id in self._closed or check.intent_id in self._places:
            return
        self._keep(
            Reservation(
                check.intent_id,
                check.strategy,
                check.account,
                check.instrument.instrument_id,
                check.side,
                check.quantity,
                release_at,
            )
        )

    def resync(self, reservations: Iterable[Reservation], sequence: int, *, same_writer: bool = False) -> None:
        """Replaces every reservation by execution's own full set, made when its newest report was `sequence`.

        What later reports said holds, though the set came after them. Approvals that the same writer
        got and has not named yet may have crossed this set on the way: they keep their time.
        """
        before = {intent_id: self._reserved[place][intent_id] for intent_id, place in self._places.items()}
        self._reserved.clear()
        self._places.clear()
        self._totals.clear()
        for each in reservations:
            if self._closed.get(each.intent_id, 0) <= sequence:
                self._keep(replace(each, release_at=None, told_at=sequence))
        for known in before.values():
            unnamed = known.release_at is not None and known.intent_id not in self._places
            if known.told_at > sequence or (same_writer and unnamed):
                self._keep(known)

    def restart(self) -> None:
        """Forgets every report, to fold them again from the first; reservations stay until reports speak of them."""
        for known in list(self.reservations()):
            self._keep(replace(known, told_at=0))
        self.sequence = 0
        self._filled.clear()
        self._closed.clear()
        self._positions.clear()

    def release(self, monotonic_ns: int) -> list[Reservation]:
        """Drops approvals past their `release_at`; to be called only while reports are flowing."""
        late = [each for each in self.reservations() if each.release_at is not None and each.release_at < monotonic_ns]
        for each in late:
            self._drop(each.intent_id)
        return late

    def exposure(self, account: str, instrument_id: str, strategy: str | None = None) -> Exposure:
        """Position and reservations in one instrument of an account; of one strategy when named."""
        place = (account, instrument_id)
        position = ZERO
        for held in (self._positions.get(place), self._transferred.get(place)):
            if held is not None:
                position += sum(held.values(), ZERO) if strategy is None else held.get(strategy, ZERO)
        totals = self._totals.get(place, {})
        if strategy is not None:
            return Exposure(position, totals.get((strategy, Side.BUY), ZERO), totals.get((strategy, Side.SELL), ZERO))
        buys = sum((total for (_, side), total in totals.items() if side is Side.BUY), ZERO)
        sells = sum((total for (_, side), total in totals.items() if side is Side.SELL), ZERO)
        return Exposure(position, buys, sells)

    def reservations(self) -> Iterator[Reservation]:
        """Every reservation held."""
        for group in self._reserved.values():
            yield from group.values()

    def positions(self) -> dict[tuple[str, str, str], Decimal]:
        """Signed quantity by (account, instrument_id, strategy), zeros left out."""
        found: dict[tuple[str, str, str], Decimal] = {}
        for part in (self._positions, self._transferred):
            for place, held in part.items():
                for strategy, quantity in held.items():
                    found[*place, strategy] = found.get((*place, strategy), ZERO) + quantity
        return {key: quantity for key, quantity in found.items() if quantity}

    def _keep(self, reservation: Reservation) -> None:
        self._drop(reservation.intent_id)
        place = (reservation.account, reservation.instrument_id)
        self._reserved.setdefault(place, {})[reservation.intent_id] = reservation
        self._places[reservation.intent_id] = place
        self._add(place, reservation, reservation.leaves_qty)

    def _drop(self, intent_id: str) -> None:
        place = self._places.pop(intent_id, None)
        if place is not None:
            dropped = self._reserved[place].pop(intent_id)
            self._add(place, dropped, -dropped.leaves_qty)

    def _add(self, place: tuple[str, str], reservation: Reservation, quantity: Decimal) -> None:
        totals = self._totals.setdefault(place, {})
        key = (reservation.strategy, reservation.side)
        totals[key] = totals.get(key, ZERO) + quantity
