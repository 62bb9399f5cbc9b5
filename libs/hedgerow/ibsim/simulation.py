"""The simulated gateway's parts, put together: book, universe, desk, market and the sessions' hub."""

from __future__ import annotations

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.position import Position
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.config import IbsimConfig, MarketDataKind
from hedgerow.ibsim.contracts import Listing, Universe
from hedgerow.ibsim.days import Days, MarketDay, days_of
from hedgerow.ibsim.desk import OrderDesk
from hedgerow.ibsim.faults.engine import Faults
from hedgerow.ibsim.greeks import model_greeks
from hedgerow.ibsim.hub import Hub
from hedgerow.ibsim.market_time import MarketTime, left_off
from hedgerow.ibsim.option_events import OptionEvents
from hedgerow.ibsim.session import Session
from hedgerow.ibsim.ticks import Subscription
from hedgerow.ibsim.times import MINUTE_NS
from hedgerow.ibsim.wirelog import WireLog

# TWS refreshes account values every three minutes when nothing else happens.
_ACCOUNT_REFRESH_NS = 3 * MINUTE_NS
Row = tuple[int, float | None, float | None, float, float, bool]


class Simulation:
    """Everything behind the socket. All times are market ns UTC."""

    def __init__(self, config: IbsimConfig) -> None:
        self.config = config
        self.days: Days = days_of(config)
        self.book = Book(config.book_file, config.account, config.cash_usd)
        self.day: MarketDay = self.days.first(self.book.day_number, self.book.day_spot)
        self.universe = Universe()
        self.listings: list[Listing] = []
        start = self.day.start
        self.resumed_speed = 0.0
        if not self.book.is_new:
            stopped_at, self.resumed_speed = left_off(config.clock_file)
            start = max(start, min(max(self.book.market_time, stopped_at), self.day.stop))
        self.time = MarketTime(config.clock_file, start, self.day.interval_ns, self.day.hours)
        self.accounts = Accounts(self.book, self.universe)
        self.hub = Hub(config.account, self.accounts, config.master_client_id)
        self.wire_log = WireLog(config.wire_log)
        self.desk = OrderDesk(
            self.book, self.universe, self.accounts, self.hub, self.time, config.liquidity, config.commission.model
        )
        self.option_events = OptionEvents(self.book, self.universe, self.desk, self.hub, self.time)
        self.silences: set[str] = set()
        self.configured_delayed = self.delayed = config.market_data is MarketDataKind.DELAYED
        self.faults = Faults(self)
        self.muted: set[int] = set()
        self.connections: dict[int, Session] = {}
        self._refreshed_at = start
        self.list_day(self.day)
        self._open_book()
        self.desk.resume()

    def list_day(self, day: MarketDay) -> None:
        """Make `day` the current one: its contracts are listed, its session is the session."""
        self.day = day
        self.time.hours = day.hours
        self.listings = self.universe.load(day.meta.instruments)
        self.desk.on_new_day()

    def _open_book(self) -> None:
        if self.book.is_new:
            for initial in self.config.positions:
                instrument = initial.instrument
                if instrument.instrument_id not in self.universe.by_id:
                    raise InvalidValue(
                        "positions", instrument.instrument_id, "an instrument of the market",
                        f"one of {len(self.listings)}, for example {self.listings[-1].instrument_id!r}",
                    )  # fmt: skip
                self.book.set_position(instrument, Position(initial.quantity, initial.average_price))
        for name, instrument in self.book.instruments.items():
            listing = self.universe.ensure(instrument)
            listing.quote.mark = self.book.marks.get(name)

    @property
    def frozen(self) -> bool:
        """Whether no market data is sent, whatever the reason."""
        return bool(self.silences)

    def prime(self, rows: list[Row]) -> None:
        """Take these as the quotes of now, all others being unknown, without telling anybody."""
        for listing in self.universe.by_id.values():
            listing.quote.clear()
        for index, bid, ask, bid_size, ask_size, extended in rows:
            self.listings[index].quote.update(self.time.watermark, bid, ask, bid_size, ask_size, extended)

    def publish(self) -> None:
        """Tell every subscriber the quotes of now."""
        for listing in self.listings:
            if listing.subscriptions and listing.quote.time:
                self._send_quote(listing)
        self.hub.flush()

    def play(self, market_time: int, rows: list[Row]) -> None:
        """All quotes of one market time: clock, frames, fills, then greeks and accounts."""
        self.time.advance(market_time)
        if market_time >= self.faults.next_at:
            self.faults.on_time(market_time)
        changed = []
        for index, bid, ask, bid_size, ask_size, extended in rows:
            listing = self.listings[index]
            listing.quote.update(market_time, bid, ask, bid_size, ask_size, extended)
            if listing.subscriptions:
                self._send_quote(listing)
            changed.append(listing)
        self.hub.flush()
        self.desk.on_time(market_time)
        self.option_events.on_time(market_time)
        for listing in changed:
            self.desk.on_quote(listing, market_time)
        self._send_greeks(changed, market_time)
        if market_time - self._refreshed_at >= _ACCOUNT_REFRESH_NS:
            self._refreshed_at = market_time
            self.hub.account_changed(market_time)
        self.hub.flush()

    def emit(self, listing: Listing, bid: float | None, ask: float | None, bid_size: float, ask_size: float) -> int:
        """Publish one quote at the current market time, and return that time."""
        now = self.time.now()
        self.time.advance(now)
        listing.quote.update(now, bid, ask, bid_size, ask_size, not self.time.hours.contains(now))
        if listing.subscriptions:
            self._send_quote(listing)
            self.hub.flush()
        self.desk.on_quote(listing, now)
        self._send_greeks([listing], now)
        self.hub.flush()
        return now

    def _send_quote(self, listing: Listing) -> None:
        if self.silences:
            return
        for subscription in listing.subscriptions:
            subscription.session.send_all(subscription.quote(listing.quote))

    def _send_greeks(self, changed: list[Listing], market_time: int) -> None:
        if self.silences:
            return
        moved = dict.fromkeys(option for listing in changed for option in listing.options if option.subscriptions)
        moved |= dict.fromkeys(listing for listing in changed if listing.subscriptions and listing.instrument.is_option)
        for option in moved:
            self.send_model(option, option.subscriptions, market_time)

    def send_model(self, option: Listing, subscriptions: list[Subscription], market_time: int) -> None:
        """The model's greeks of one option to these subscriptions."""
        greeks = model_greeks(option, market_time, self.config.interest_rate)
        for subscription in subscriptions:
            subscription.session.send(subscription.model(greeks))

    def save(self) -> None:
        """Remember marks and market time for a restart."""
        self.accounts.save_marks()
        self.book.save_time(self.time.watermark, self.day.number, self.day.spot)

    def close(self) -> None:
        """Save and close every file."""
        self.faults.close()
        self.save()
        self.book.close()
        self.wire_log.close()
        self.time.close()
