"""Everything the daemon has heard, as it stands this moment; written by the streams, read by `observe`."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hedgerow.domain.instrument import Instrument, Right
from hedgerow.domain.position import ZERO, Position
from hedgerow.domain.quote import Quote
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.strategy.observation import (
    MAX_LEGS,
    NO_COMMANDS,
    NO_LEG,
    NO_LEGS,
    NOT_OUTSIDE,
    NOT_RESTORED,
    CommandView,
    LegView,
    OutsideView,
    RestoredView,
    RiskState,
)
from hedgerow.tape.sessions import expiry_close_ns
from services.strategy.domain.latch import Latch
from services.strategy.domain.own_order import OwnOrder
from services.strategy.domain.own_position import OwnPosition

_NS_PER_MS = 1_000_000
LINK_UNKNOWN = BrokerLink(LinkState.DISCONNECTED)


@dataclass(slots=True)
class QuoteInput:
    """One instrument's newest quote and how long it took here from market-data, wall ns."""

    quote: Quote
    arrived: int
    transit: int
    delta_used: bool = False

    @classmethod
    def of(cls, quote: Quote) -> QuoteInput:
        """The quote as it arrives now."""
        arrived = time.monotonic_ns()
        transit = max(0, arrived - quote.monotonic_time) if quote.monotonic_time else 0
        return cls(quote, arrived, transit)

    def age_ms(self, now: int, speed: float | None) -> float:
        """Age in ms: in replay market time less what the wall transit stretched it by; live since receipt."""
        if speed is not None:
            return max(0.0, (now - self.quote.event_time - speed * self.transit) / _NS_PER_MS)
        received = self.quote.monotonic_time or self.arrived
        return max(0.0, (time.monotonic_ns() - received) / _NS_PER_MS)


@dataclass(slots=True)
class Leg:
    """One adopted option leg."""

    instrument: Instrument
    contracts: Decimal
    average_price: Decimal
    realized_pnl: Decimal
    commissions: Decimal


@dataclass(slots=True)
class Inputs:
    """The daemon's view of the world; every part starts unknown."""

    symbol: str
    quotes: dict[str, QuoteInput] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    closed_legs: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Options this strategy held once: (realized profit, commissions), currency."""
    transferred: Position = Position()
    """Its shares that came without an order: an exercise or assignment, a break an operator gave it, an adoption."""
    position: OwnPosition = OwnPosition()
    order: OwnOrder = OwnOrder()
    strangers: set[str] = field(default_factory=set)
    """Open orders in this strategy's name that this run did not ask for: they fill beside its own."""
    closing: set[str] = field(default_factory=set)
    """Open orders of a flatten under way, which execution works; nothing else leaves meanwhile."""
    trading_state: RiskState = RiskState.UNKNOWN
    commands: CommandView = NO_COMMANDS
    latch: Latch = Latch.NONE
    """What an operator's commands left standing here."""
    flattening: str = ""
    """How far execution's flatten of this strategy has come, empty when none is under way."""
    flattened: bool = False
    """Whether execution refuses this strategy's hedges since a flatten."""
    flatten_blocked: str = ""
    """Why execution's flatten of this strategy cannot go on, empty when it can."""
    held: frozenset[str] = frozenset()
    """Ids of the latches execution says stand over this strategy, as it was last heard."""
    held_paused: bool = False
    killed: str = ""
    """The kill that stands over this strategy, empty when none does."""
    execution_known: bool = False
    """Whether execution was ever connected in this run: before, nothing was handed to it."""
    restored: RestoredView = NOT_RESTORED
    outside: OutsideView = NOT_OUTSIDE
    """What the strategy's own process asked for last, or why it is not heard; only kind `bridge` has one."""
    market_data_open: bool = False
    execution_open: bool = False
    portfolio_open: bool = False
    positions_complete: bool = False
    position_break: str = ""
    reports_known: bool = False
    reconciled: bool = False
    journal_ok: bool = False
    lease_ok: bool = False
    execution_reasons: tuple[str, ...] = ()
    execution_link: BrokerLink = LINK_UNKNOWN
    feed_link: BrokerLink = LINK_UNKNOWN
    portfolio_link: BrokerLink = LINK_UNKNOWN
    feed_heard: int = 0
    feed_trouble: str = ""
    tape_interval_ms: int = 0
    data_lag_ms: float = 0.0
    last_ack_time: int = 0

    @property
    def underlying(self) -> QuoteInput | None:
        """The underlying's newest quote."""
        return self.quotes.get(self.symbol)

    @property
    def stock(self) -> Position:
        """The strategy's shares: what its own executions add up to, and what came without one."""
        came = self.transferred
        total = self.position.position.after(came.quantity, came.average_price)
        return replace(total, realized_pnl=total.realized_pnl + came.realized_pnl) if came.realized_pnl else total

    @property
    def options_realized_pnl(self) -> Decimal:
        """Realized profit of its options, those it no longer has included; currency."""
        closed = sum((realized for realized, _ in self.closed_legs.values()), ZERO)
        return closed + sum((leg.realized_pnl for leg in self.legs.values()), ZERO)

    @property
    def commissions(self) -> Decimal:
        """Commissions paid for shares and options, currency."""
        closed = sum((paid for _, paid in self.closed_legs.values()), ZERO)
        return self.position.commissions + closed + sum((leg.commissions for leg in self.legs.values()), ZERO)

    @property
    def agreed(self) -> bool:
        """Whether journal, ledger and broker agree on all that this strategy has."""
        known = self.reconciled and self.reports_known and self.positions_complete
        return known and not self.position_break and not self.strangers

    @property
    def restarting(self) -> bool:
        """Whether the broker is so near to its daily restart that execution lets nothing leave that adds risk."""
        return any(reason.startswith("RESTART_WINDOW") for reason in self.execution_reasons)

    @property
    def broker_up(self) -> bool:
        """Whether orders and quotes both have a broker."""
        ready = LinkState.READY
        reconciling = (LinkState.READY, LinkState.RECONCILING)
        return (
            self.execution_open
            and self.market_data_open
            and self.feed_link.state is ready
            and self.execution_link.state in reconciling
        )

    @property
    def pause(self) -> Latch:
        """The pause that stands, whoever was told of it: this process or execution."""
        if self.killed:
            return Latch.KILLED
        if self.flattened or self.flattening:
            return Latch.FLATTENED
        return Latch.PAUSED if self.held_paused and self.latch is Latch.NONE else self.latch

    @property
    def unreconciled(self) -> tuple[str, bool]:
        """What keeps positions and orders from being known, empty when nothing does; and whether that is a fact.

        A stream that is not open yet proves nothing.
        """
        if not (self.execution_open and self.market_data_open and self.portfolio_open and self.reports_known):
            return "execution, market-data or portfolio has not been heard", False
        if not self.broker_up:
            return "the broker is away", True
        if not self.reconciled:
            return "journal and broker do not agree yet", True
        if self.strangers:
            return "an order of another run is open", False
        if not self.positions_complete:
            return "positions are not complete", False
        return (self.position_break, True) if self.position_break else ("", True)

    @property
    def next_retry_time(self) -> int:
        """Wall ns of the next connection attempt of any link, 0 when none is due."""
        due = [
            link.next_retry_time
            for link in (self.feed_link, self.execution_link, self.portfolio_link)
            if link.next_retry_time
        ]
        return min(due, default=0)

    @property
    def delayed(self) -> bool:
        """Whether any quote decided on is delayed."""
        return any(entry.quote.delayed for entry in self.quotes.values())

    def add_quote(self, quote: Quote) -> None:
        """Takes the newest quote of an instrument; one that only its greeks are new of took as long as before."""
        known = self.quotes.get(quote.instrument_id)
        if known is not None and quote.monotonic_time and known.quote.monotonic_time == quote.monotonic_time:
            self.quotes[quote.instrument_id] = QuoteInput(quote, known.arrived, known.transit)
            return
        entry = QuoteInput.of(quote)
        self.quotes[quote.instrument_id] = entry
        self.data_lag_ms = entry.transit / _NS_PER_MS

    def feed_silence_ms(self) -> float:
        """Wall ms since anything came from market-data; infinite before the first."""
        return (time.monotonic_ns() - self.feed_heard) / _NS_PER_MS if self.feed_heard else math.inf

    def leg_views(self, now: int, speed: float | None) -> tuple[LegView, ...]:
        """The legs in order of their ids, padded with empty slots; a broker delta is shown once."""
        if not self.legs:
            return NO_LEGS
        views = [self._leg_view(key, now, speed) for key in sorted(self.legs)[:MAX_LEGS]]
        return (*views, *(NO_LEG for _ in range(MAX_LEGS - len(views))))

    def _leg_view(self, key: str, now: int, speed: float | None) -> LegView:
        leg = self.legs[key]
        instrument = leg.instrument
        assert instrument.strike is not None
        assert instrument.expiry is not None
        entry = self.quotes.get(key)
        bid = ask = broker_delta = math.nan
        event_time, age = 0, math.nan
        if entry is not None:
            quote = entry.quote
            bid = math.nan if quote.bid is None else quote.bid
            ask = math.nan if quote.ask is None else quote.ask
            event_time, age = quote.event_time, entry.age_ms(now, speed)
            if quote.broker_greeks is not None and not entry.delta_used:
                broker_delta = quote.broker_greeks.delta
                entry.delta_used = True
        return LegView(
            True, instrument.right is Right.CALL, float(instrument.strike), float(leg.contracts),
            float(instrument.multiplier), expiry_close_ns(instrument.expiry), bid, ask, event_time, age, broker_delta,
            float(leg.average_price),
        )  # fmt: skip
