"""The simulated account: values marked at mid, positions, and a simple Reg-T margin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.contracts import Listing, Universe

# A quarter of a stock's value and a fifth of a short option's underlying, as a Reg-T account pays overnight.
_STOCK_MARGIN = Decimal("0.25")
_SHORT_OPTION_MARGIN = Decimal("0.20")
CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Holding:
    """One position with its valuation; `market_price` and `average_cost` as TWS reports them."""

    listing: Listing
    position: Position
    market_price: Decimal

    @property
    def market_value(self) -> Decimal:
        """Quantity x price x multiplier."""
        return self.position.quantity * self.market_price * self.listing.instrument.multiplier

    @property
    def average_cost(self) -> Decimal:
        """TWS counts the multiplier into an option's cost."""
        return self.position.average_price * self.listing.instrument.multiplier

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit if closed at the market price."""
        return self.position.unrealized_pnl(self.market_price, self.listing.instrument.multiplier)


class Accounts:
    """Values of the one account, computed from the book and the current marks."""

    def __init__(self, book: Book, universe: Universe) -> None:
        self._book = book
        self._universe = universe

    def holding(self, instrument_id: str) -> Holding:
        """One position as it stands."""
        listing = self._universe.ensure(self._book.instruments[instrument_id])
        return Holding(listing, self._book.positions[instrument_id], listing.quote.mark_price)

    def holdings(self, *, flat: bool = False) -> list[Holding]:
        """All open positions, with `flat` also those closed since."""
        return [self.holding(name) for name, held in self._book.positions.items() if held.quantity or flat]

    def save_marks(self) -> None:
        """Copy the current marks of what is held into the book (not yet committed)."""
        for holding in self.holdings():
            if holding.listing.quote.mark is not None:
                self._book.marks[holding.listing.instrument_id] = holding.listing.quote.mark

    def margin(self, listing: Listing, quantity: Decimal, price: Decimal) -> Decimal:
        """Initial margin of holding `quantity` (signed) at `price` per share."""
        instrument = listing.instrument
        if not instrument.is_option:
            return abs(quantity) * price * _STOCK_MARGIN
        if quantity >= 0:
            return Decimal(0)  # long options are paid in full from cash
        spot = listing.underlying.quote.mark_price if listing.underlying is not None else price
        return -quantity * (price + spot * _SHORT_OPTION_MARGIN) * instrument.multiplier

    def total_margin(self) -> Decimal:
        """Initial margin of everything held."""
        return sum((self.margin(h.listing, h.position.quantity, h.market_price) for h in self.holdings()), Decimal(0))

    def shortfall(self, listing: Listing, side: Side, quantity: Decimal, price: Decimal) -> Decimal:
        """By how much available funds miss what the order would need; zero or less when it is affordable.

        An order that only reduces a position is always affordable.
        """
        held = self._book.positions.get(listing.instrument_id, Position()).quantity
        after = held + side.sign * quantity
        if abs(after) <= abs(held) and after * held >= 0:
            return Decimal(0)
        more_margin = self.margin(listing, after, price) - self.margin(listing, held, price)
        premium = side.sign * quantity * price * listing.instrument.multiplier if listing.instrument.is_option else 0
        return more_margin + premium - self.available_funds()

    def equity(self) -> Decimal:
        """Cash plus positions at their marks."""
        return self._book.cash + sum((h.market_value for h in self.holdings()), Decimal(0))

    def available_funds(self) -> Decimal:
        """Equity less margin; option value does not lend, as in a Reg-T account."""
        options = sum((h.market_value for h in self.holdings() if h.listing.instrument.is_option), Decimal(0))
        return self.equity() - max(options, Decimal(0)) - self.total_margin()

    def values(self) -> dict[str, str]:
        """Account values by TWS tag, money with two decimals."""
        holdings = self.holdings()
        zero = Decimal(0)
        stocks = sum((h.market_value for h in holdings if not h.listing.instrument.is_option), zero)
        options = sum((h.market_value for h in holdings if h.listing.instrument.is_option), zero)
        gross = sum((abs(h.market_value) for h in holdings), zero)
        unrealized = sum((h.unrealized_pnl for h in holdings), zero)
        realized = sum((held.realized_pnl for held in self._book.positions.values()), zero)
        cash, margin, equity, funds = self._book.cash, self.total_margin(), self.equity(), self.available_funds()
        with_loan = cash + stocks
        figures = {
            "NetLiquidation": equity, "TotalCashValue": cash, "TotalCashBalance": cash, "CashBalance": cash,
            "SettledCash": cash, "AccruedCash": zero, "BuyingPower": max(funds, zero) / _STOCK_MARGIN,
            "EquityWithLoanValue": with_loan, "PreviousEquityWithLoanValue": with_loan, "GrossPositionValue": gross,
            "StockMarketValue": stocks, "OptionMarketValue": options, "InitMarginReq": margin,
            "MaintMarginReq": margin, "FullInitMarginReq": margin, "FullMaintMarginReq": margin,
            "AvailableFunds": funds, "ExcessLiquidity": funds, "FullAvailableFunds": funds,
            "FullExcessLiquidity": funds, "LookAheadInitMarginReq": margin, "LookAheadMaintMarginReq": margin,
            "UnrealizedPnL": unrealized, "RealizedPnL": realized,
        }  # fmt: skip
        return {key: f"{value:.2f}" for key, value in figures.items()}


# Tags TWS sends without a currency.
PLAIN_VALUES = {"AccountType": "INDIVIDUAL", "AccountReady": "true", "Currency": CURRENCY}
