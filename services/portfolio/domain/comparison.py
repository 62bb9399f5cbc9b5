"""The ledger against the broker: what MANUAL has, and the differences nobody can explain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import BROKER, MANUAL, ZERO
from services.portfolio.domain.ledger import Ledger, Transfer, TransferKind
from services.portfolio.domain.option_events import ExpiryClose, Gone, explain, gone, transfers_of

ACTOR = "portfolio"


class Place(NamedTuple):
    """An instrument in an account."""

    account: str
    instrument_id: str


@dataclass(frozen=True, slots=True)
class BrokerHolding:
    """What the broker says is held, all owners together: signed quantity, its average price per share."""

    quantity: Decimal
    average_price: Decimal
    multiplier: int


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that stands; `since` is wall ns UTC of the moment it was first seen."""

    account: str
    instrument_id: str
    ledger_quantity: Decimal
    broker_quantity: Decimal
    since: int


class _Pending(NamedTuple):
    difference: Decimal
    since_wall: int
    since_monotonic: int


class Comparison:
    """The broker's holdings, and since when each differs from the ledger's.

    A difference may be a fill whose report or position is still on its way: it counts only when
    it stood unchanged for `settle_ns` while execution was reachable and reconciled. `breaks` stand;
    `settling` are options of a strategy that left a moment ago, and breaks whose difference changed since.
    """

    def __init__(self, settle_ns: int, expiry_close: ExpiryClose) -> None:
        self.settle_ns = settle_ns
        self._expiry_close = expiry_close
        self.holdings: dict[Place, BrokerHolding] = {}
        self.accounts: frozenset[str] = frozenset()
        self.breaks: tuple[Break, ...] = ()
        self.settling: tuple[Break, ...] = ()
        self._pending: dict[Place, _Pending] = {}

    def replace_all(self, accounts: frozenset[str], holdings: dict[Place, BrokerHolding]) -> None:
        """Takes the broker's full answer for these accounts; what it does not name is closed."""
        self.accounts = accounts
        self.holdings = {
            place: replace(known, quantity=ZERO)
            for place, known in self.holdings.items()
            if place.account in accounts and place not in holdings
        } | holdings

    def update(self, place: Place, holding: BrokerHolding) -> None:
        """Takes one change in."""
        self.holdings[place] = holding

    def unsettle(self) -> None:
        """Execution cannot be believed complete now: differences settle anew from here."""
        self._pending.clear()

    def compare(
        self, ledger: Ledger, execution_ready: bool, wall_ns: int, market_ns: int, monotonic_ns: int,
        marks: Mapping[str, Decimal] | None = None,
    ) -> list[Transfer]:  # fmt: skip
        """Refreshes `breaks` and `settling`; returns transfers that are due, to be made durable and applied.

        An account's first comparison gives MANUAL what the strategies do not have; where they
        traded before, only what settled, for a fill may be on its way. Later on options that left are
        expired, exercised or assigned where that is certain (see option_events). Any other settled difference
        goes to MANUAL only where no strategy ever had a share, for then only a person can have traded;
        anywhere else it is a break. Compare again once the transfers are applied.
        """
        due: list[Transfer] = []
        breaks: list[Break] = []
        settling: list[Break] = []
        told = {Place(each.account, each.instrument_id) for each in (*self.breaks, *self.settling)}
        for account in sorted(self.accounts):
            if account not in ledger.opened:
                if self._may_open(ledger, account, execution_ready, wall_ns, monotonic_ns):
                    due += self._opening(ledger, account, wall_ns, market_ns)
                continue
            settled: dict[Place, _Pending] = {}
            for place in self._places(ledger, account):
                found = self._settled(ledger, place, execution_ready, wall_ns, monotonic_ns)
                if found is not None:
                    settled[place] = found
            for symbol, lines in self._left(ledger, account, market_ns).items():
                stocks = Place(account, symbol)
                places = [Place(account, each.instrument.instrument_id) for each in lines]
                if any(place in self._pending and place not in settled for place in (*places, stocks)):
                    settling += self._breaks_at(ledger, [place for place in places if ledger.traded(*place)])
                    for place in (*places, stocks):  # they belong together: judged once all have settled
                        settled.pop(place, None)
                    continue
                shares = settled[stocks].difference if stocks in settled else ZERO
                explained = explain(lines, shares, (marks or {}).get(symbol))
                made = explained and transfers_of(ledger, account, explained, wall_ns, market_ns)
                if made:
                    due += made
                    for place in (*places, stocks):
                        settled.pop(place, None)
            for place, standing in settled.items():
                if ledger.traded(*place):
                    breaks += self._breaks_at(ledger, [place])
                else:
                    due.append(self._transfer(TransferKind.INFERRED, place, standing.difference, wall_ns, market_ns))
        # What was told of stays told of while there is any difference, however it changes.
        known = {Place(each.account, each.instrument_id) for each in (*breaks, *settling)}
        settling += self._breaks_at(ledger, sorted(told - known))
        self.breaks, self.settling = tuple(breaks), tuple(settling)
        return due

    def _left(self, ledger: Ledger, account: str, market_ns: int) -> dict[str, list[Gone]]:
        """Options of an account that the broker no longer shows, or fewer of them, by underlying."""
        left: dict[str, list[Gone]] = {}
        for place, pending in self._pending.items():
            if place.account != account:
                continue
            instrument = parse_instrument_id(place.instrument_id, ledger.multiplier(*place))
            held = ledger.quantity(*place)
            found = gone(instrument, held, pending.difference, market_ns, self._expiry_close)
            if found is not None:
                left.setdefault(instrument.symbol, []).append(found)
        return left

    def _breaks_at(self, ledger: Ledger, places: Iterable[Place]) -> list[Break]:
        found = []
        for place in places:
            held, pending = ledger.quantity(*place), self._pending.get(place)
            if pending is not None:
                found.append(Break(*place, held, held + pending.difference, pending.since_wall))
        return found

    def waiting(self) -> bool:
        """Whether a difference has yet to settle."""
        return bool(self._pending)

    def manual_before_opening(self, ledger: Ledger, place: Place) -> Decimal:
        """What an account not compared yet seems to hold beside the strategies' shares."""
        holding = self.holdings.get(place)
        return ZERO if holding is None else holding.quantity - ledger.quantity(*place)

    def _places(self, ledger: Ledger, account: str) -> list[Place]:
        places = {place: None for place in self.holdings if place.account == account}
        places |= {Place(account, instrument_id): None for instrument_id in ledger.instruments(account)}
        return list(places)

    def _settled(
        self, ledger: Ledger, place: Place, execution_ready: bool, wall_ns: int, monotonic_ns: int
    ) -> _Pending | None:
        """The difference at a place once it has settled; notes one that has not."""
        holding = self.holdings.get(place)
        difference = (ZERO if holding is None else holding.quantity) - ledger.quantity(*place)
        if difference == 0:
            self._pending.pop(place, None)
            return None
        pending = self._pending.get(place)
        if pending is None or pending.difference != difference or not execution_ready:
            self._pending[place] = _Pending(difference, wall_ns, monotonic_ns)
            return None
        return pending if monotonic_ns - pending.since_monotonic >= self.settle_ns else None

    def _may_open(self, ledger: Ledger, account: str, execution_ready: bool, wall_ns: int, monotonic_ns: int) -> bool:
        if not execution_ready:
            return False
        if not any(ledger.traded(*place) for place in self._places(ledger, account)):
            return True
        for place in self._places(ledger, account):
            self._settled(ledger, place, execution_ready, wall_ns, monotonic_ns)
        return all(
            monotonic_ns - pending.since_monotonic >= self.settle_ns
            for place, pending in self._pending.items()
            if place.account == account
        )

    def _opening(self, ledger: Ledger, account: str, wall_ns: int, market_ns: int) -> list[Transfer]:
        opening = [self._transfer(TransferKind.OPENING, Place(account, ""), ZERO, wall_ns, market_ns)]
        for place in self._places(ledger, account):
            difference = self.manual_before_opening(ledger, place)
            if difference != 0:
                opening.append(self._transfer(TransferKind.OPENING, place, difference, wall_ns, market_ns))
        return opening

    def _transfer(self, kind: TransferKind, place: Place, quantity: Decimal, wall_ns: int, market_ns: int) -> Transfer:
        holding = self.holdings.get(place)
        name = f"{kind.value}:{place.account}:{place.instrument_id}"
        if kind is TransferKind.INFERRED:
            name += f":{wall_ns}"
        reasons = {
            TransferKind.OPENING: "held when the account was first compared with the broker",
            TransferKind.INFERRED: "changed at the broker without an order of any strategy",
        }
        return Transfer(
            transfer_id=name,
            request_id=name,
            kind=kind,
            account=place.account,
            from_owner=BROKER,
            to_owner=MANUAL,
            instrument_id=place.instrument_id,
            multiplier=1 if holding is None else holding.multiplier,
            quantity=quantity,
            price=ZERO if holding is None else holding.average_price,
            actor=ACTOR,
            reason=reasons[kind],
            wall_ns=wall_ns,
            market_ns=market_ns,
        )
