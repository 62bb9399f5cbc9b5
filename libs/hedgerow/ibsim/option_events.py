"""Options that end without an order: expiry, exercise, assignment.

Simulated, unverified against a real TWS: the option leaves at price 0 and the shares come at the strike, each told
as an execution of no client's order (client id 0, order id 0, no orderRef), which only client 0 and the master client
hear of; everybody else sees changed positions. A real gateway does it in the night, here it is done at the close.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.contracts import Universe
from hedgerow.ibsim.desk import OrderDesk
from hedgerow.ibsim.hub import Hub
from hedgerow.ibsim.market_time import MarketTime
from hedgerow.ibsim.orders import Execution
from hedgerow.tape.sessions import expiry_close_ns

NO_CLIENT = NO_ORDER = 0
IN_THE_MONEY = Decimal("0.01")
"""What an option must be worth at the close, per share, to be exercised without anybody asking."""


class OptionEvents:
    """Takes options out of the account, and brings the shares they become."""

    def __init__(self, book: Book, universe: Universe, desk: OrderDesk, hub: Hub, time: MarketTime) -> None:
        self._book = book
        self._universe = universe
        self._desk = desk
        self._hub = hub
        self._time = time
        self._closes: dict[str, int] = {}

    def on_time(self, market_time: int) -> None:
        """Settles every option held whose last session is over, at the underlying's last mark."""
        for name, held in list(self._book.positions.items()):
            if held.quantity and market_time >= self._close(name):
                self.settle(name)

    def settle(self, name: str) -> dict[str, str]:
        """The end of an option held: in the money it becomes shares, else it expires."""
        option, held = self._held(name)
        spot = self._universe.ensure(stock(option.symbol)).quote.mark_price
        assert option.strike is not None
        worth = spot - option.strike if option.right is Right.CALL else option.strike - spot
        if worth < IN_THE_MONEY or not spot:
            return self.expire(name)
        return self._deliver(option, held.quantity, "exercise" if held.quantity > 0 else "assign")

    def expire(self, name: str) -> dict[str, str]:
        """All contracts held leave without value. Raises InvalidValue when none are held."""
        option, held = self._held(name)
        self._leave([self._taken(option, -held.quantity, Decimal(0))])
        return {"event": "expire", "instrument_id": name, "quantity": str(held.quantity), "shares": "0"}

    def exercise(self, name: str, quantity: Decimal | None = None) -> dict[str, str]:
        """Long contracts, all unless a number is given, become shares at the strike. Raises InvalidValue."""
        option, held = self._held(name)
        return self._deliver(option, _part(name, held.quantity, quantity, 1), "exercise")

    def assign(self, name: str, quantity: Decimal | None = None) -> dict[str, str]:
        """Short contracts, all unless a number is given, become shares at the strike. Raises InvalidValue."""
        option, held = self._held(name)
        return self._deliver(option, _part(name, held.quantity, quantity, -1), "assign")

    def _deliver(self, option: Instrument, closed: Decimal, event: str) -> dict[str, str]:
        assert option.strike is not None
        shares = closed * option.multiplier * (1 if option.right is Right.CALL else -1)
        self._leave(
            [self._taken(option, -closed, Decimal(0)), self._taken(stock(option.symbol), shares, option.strike)]
        )
        name = option.instrument_id
        return {"event": event, "instrument_id": name, "quantity": str(closed), "shares": str(shares)}

    def _taken(self, instrument: Instrument, signed: Decimal, price: Decimal) -> Execution:
        """The change of one position at that price per share, in the book but not committed."""
        book, name = self._book, instrument.instrument_id
        book.instruments[name] = instrument
        held = book.positions.get(name, Position())
        after = book.positions[name] = held.after(signed, price, instrument.multiplier)
        book.cash -= signed * price * instrument.multiplier
        realized = after.realized_pnl - held.realized_pnl if held.quantity * signed < 0 else None
        side, quantity = Side.BUY if signed > 0 else Side.SELL, abs(signed)
        done = Execution(
            book.new_execution_id(), NO_CLIENT, NO_ORDER, book.take_perm_id(), name, side, quantity, price, quantity,
            price, "", Decimal(0), realized, self._time.now(),
        )  # fmt: skip
        book.executions.append(done)
        return done

    def _leave(self, done: list[Execution]) -> None:
        """One commit for both sides, then what is told of it: executions first, then positions and values."""
        names = [each.instrument_id for each in done]
        for order in self._desk.working():
            if order.instrument_id == names[0] and self._time.now() >= self._close(names[0]):
                self._desk.cancel_order(order, "The contract has expired")
        self._book.commit(executions=done, positions=names)
        for each in done:
            listing = self._universe.ensure(self._book.instruments[each.instrument_id])
            self._hub.execution(listing, each)
            self._hub.commission(each)
        for name in names:
            self._hub.position_changed(name)
        self._hub.account_changed(self._time.now())
        self._hub.flush()

    def _held(self, name: str) -> tuple[Instrument, Position]:
        option, held = self._book.instruments.get(name), self._book.positions.get(name, Position())
        if option is None or not option.is_option or not held.quantity:
            raise InvalidValue("instrument_id", name, "an option the account holds")
        return option, held

    def _close(self, name: str) -> int:
        """When it stops trading, market ns; a stock never does."""
        close = self._closes.get(name)
        if close is None:
            expiry = self._book.instruments[name].expiry
            close = self._closes[name] = 1 << 63 if expiry is None else expiry_close_ns(expiry)
        return close


def _part(name: str, held: Decimal, quantity: Decimal | None, sign: int) -> Decimal:
    """Signed contracts of what is held."""
    if held * sign <= 0:
        raise InvalidValue("instrument_id", name, f"held {'long' if sign > 0 else 'short'}, {held} are held")
    if quantity is None:
        return held
    if not 0 < quantity <= abs(held) or quantity != quantity.to_integral_value():
        raise InvalidValue("quantity", str(quantity), f"whole contracts, 1 to {abs(held)}")
    return sign * quantity
