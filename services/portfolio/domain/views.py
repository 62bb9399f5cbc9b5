"""What the ledger looks like from outside: positions at marks, exposure per underlying and owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.domain.position import MANUAL, ZERO, Position
from services.portfolio.domain.comparison import Comparison
from services.portfolio.domain.holding import Holding, HoldingKey
from services.portfolio.domain.ledger import Ledger


@dataclass(frozen=True, slots=True)
class PositionView:
    """One owner's share of one position; prices per share, profit and commissions in currency.

    `mark_price` and `unrealized_pnl` are None without a price; `realized_pnl` is before commissions.
    `fills` counts executions, the last at market ns UTC `last_fill_time`; `transferred` is the part that
    came by transfers.
    """

    account: str
    instrument: Instrument
    owner: str
    quantity: Decimal
    average_price: Decimal
    mark_price: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal
    commissions: Decimal
    fills: int = 0
    last_fill_price: Decimal | None = None
    last_fill_time: int = 0
    transferred: Position = Position()

    @property
    def key(self) -> HoldingKey:
        """Whose position in what."""
        return HoldingKey(self.account, self.owner, self.instrument.instrument_id)


@dataclass(frozen=True, slots=True)
class ExposureView:
    """Exposure of one underlying in one account, by owner, in currency; options at their own market value.

    A position without a mark counts at its average price.
    """

    account: str
    symbol: str
    owner: str
    gross_notional: Decimal
    net_notional: Decimal
    stock_quantity: Decimal
    option_contracts: Decimal


def position_view(key: HoldingKey, holding: Holding, marks: Mapping[str, Decimal]) -> PositionView:
    """One holding at its mark."""
    mark = marks.get(key.instrument_id)
    position, last = holding.position, holding.last_fill
    return PositionView(
        key.account,
        parse_instrument_id(key.instrument_id, holding.multiplier),
        key.owner,
        position.quantity,
        position.average_price,
        mark,
        None if mark is None else position.unrealized_pnl(mark, holding.multiplier),
        position.realized_pnl,
        holding.commissions,
        holding.fills,
        None if last is None else last.price,
        0 if last is None else last.event_time,
        holding.transferred,
    )


def position_views(ledger: Ledger, comparison: Comparison, marks: Mapping[str, Decimal]) -> list[PositionView]:
    """Every holding there is or was, by key.

    For an account not compared yet, what the broker shows beyond the strategies' shares stands
    as MANUAL's already, but cannot be adopted.
    """
    views = {key: position_view(key, holding, marks) for key, holding in ledger.holdings.items()}
    for place, held in comparison.holdings.items():
        if place.account in ledger.opened:
            continue
        shown = Holding(held.multiplier)
        shown.position = shown.position.after(comparison.manual_before_opening(ledger, place), held.average_price)
        key = HoldingKey(place.account, MANUAL, place.instrument_id)
        views[key] = position_view(key, shown, marks)
    return [views[key] for key in sorted(views)]


def exposures(views: Iterable[PositionView]) -> list[ExposureView]:
    """Exposure per account, underlying and owner."""
    groups: dict[tuple[str, str, str], list[PositionView]] = {}
    for view in views:
        groups.setdefault((view.account, view.instrument.symbol, view.owner), []).append(view)
    return [ExposureView(*key, *_totals(group)) for key, group in sorted(groups.items())]


def _totals(group: list[PositionView]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    gross = net = stock = contracts = ZERO
    for view in group:
        price = view.average_price if view.mark_price is None else view.mark_price
        value = view.quantity * price * view.instrument.multiplier
        gross += abs(value)
        net += value
        if view.instrument.is_option:
            contracts += view.quantity
        else:
            stock += view.quantity
    return gross, net, stock, contracts
