"""Hedge statistics folded from what the daemons wrote; needs none of them alive, runs no machine, guard or gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from hedgerow.domain.distribution import distribution
from hedgerow.domain.errors import NotFound
from hedgerow.domain.execution_quality import DecidedOrder, WorkedFill, execution_quality
from hedgerow.domain.execution_report import split_revision
from hedgerow.domain.order import OrderStatus, Side
from hedgerow.domain.period import Period, market_day, period_start
from hedgerow.domain.position import ZERO, Position
from hedgerow.domain.slippage import slippage
from hedgerow.store.engine import open_store
from hedgerow.store.location import Place
from hedgerow.store.operations import OperationType
from hedgerow.store.quality import decided_order, decided_orders, worked_fill
from hedgerow.store.read import Row, owners, read_fills, read_rows
from hedgerow.store.tables import METADATA, owner_kind

__all__ = ["Period", "hedge_statistics"]

_DIGITS = 9


@dataclass(slots=True)
class _Sums:
    orders: set[str] = field(default_factory=set)
    fills: int = 0
    denials: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    realized: Decimal = ZERO
    commissions: Decimal = ZERO
    results: list[Decimal] = field(default_factory=list)
    compared: int = 0
    compared_shares: Decimal = ZERO
    slippage: Decimal = ZERO
    profits: dict[date, float] = field(default_factory=dict)
    decided: dict[str, DecidedOrder] = field(default_factory=dict)
    worked: list[WorkedFill] = field(default_factory=list)


class _Window(NamedTuple):
    period: Period
    since_ns: int | None
    until_ns: int | None

    def holds(self, market_ns: int) -> bool:
        after = self.since_ns is None or market_ns >= self.since_ns
        return after and (self.until_ns is None or market_ns < self.until_ns)

    def start(self, market_ns: int) -> date:
        return period_start(self.period, market_day(market_ns))


class _Change(NamedTuple):
    """What moved a position: a fill, or one side of a transfer, `fill` None; in one canonical order."""

    event_ns: int
    name: str
    held: tuple[str, str, str]
    signed_quantity: Decimal
    price: Decimal
    multiplier: int
    fill: Row | None


_Periods = dict[tuple[date, str], _Sums]


def hedge_statistics(
    place: Place, strategy: str | None = None, period: Period = Period.DAY, since_ns: int | None = None,
    until_ns: int | None = None, history: Place | None = None,
) -> list[Row]:  # fmt: skip
    """One row per period and strategy, oldest first; market times ns, since inclusive, until exclusive.

    `history` is where the snapshots are when not with the rest.

    `start_date` is the period's first New York day (ISO text), `hedges` counts orders with at least
    one fill in it, `denials` orders our risk refused. Decimal amounts in the account's currency:
    `realized_pnl` of fills, positions at average price, before `commissions`; `net_pnl` after them.
    A fill that reduces a position has a result: its realized profit less its commission. Of these
    `closing_fills`, `wins` are those above zero, `win_rate` their share (None without any) and
    `result_distribution` the Distribution as a mapping (None without any). `total_slippage` and `slippage_per_share`
    (float, above zero a cost, None where nothing was compared) are of the `compared_fills`, those
    decided on a two-sided quote, against its mid. `daily_pnl` (float) sums the last profit each
    session's snapshots told of, None where none did.

    `orders` reached the broker, `canceled_orders` of them ended canceled, `partial_orders` were filled in part;
    `cancel_rate` and `partial_share` are theirs, `arrival_slippage`, `arrival_slippage_per_share` and
    `arrival_compared_fills` compare with the mid when the order arrived, `fill_ms` (median, p90, p99) is the wall time
    from the journaled intent to the last fill. An order counts where it has fills, without any where it ended.
    """
    window, periods = _Window(period, since_ns, until_ns), _Periods()
    filled = _add_fills(periods, window, place, strategy)
    _add_unfilled(periods, window, place, strategy, filled)
    _add_denials(periods, window, place, strategy)
    _add_profits(periods, window, history or place, strategy)
    return [_row(start, name, sums) for (start, name), sums in sorted(periods.items(), key=lambda item: item[0])]


def _add_fills(periods: _Periods, window: _Window, place: Place, strategy: str | None) -> set[str]:
    """Adds them up; the orders that have one, inside the window or not."""
    filled: set[str] = set()
    # From the first on, whatever is asked for: profit of a later day depends on earlier ones.
    changes = [*_fills(place, strategy), *_transfers(place, strategy)]
    orders = decided_orders(place, strategy)
    positions: dict[tuple[str, str, str], Position] = {}
    for change in sorted(changes, key=lambda each: (each.event_ns, each.name)):
        before = positions.get(change.held, Position())
        after = before.after(change.signed_quantity, change.price, change.multiplier)
        positions[change.held] = after
        if change.fill is not None:
            filled.add(change.fill["client_order_id"])
        if change.fill is None or not window.holds(change.event_ns):
            continue
        sums = periods.setdefault((window.start(change.event_ns), change.held[0]), _Sums())
        _count(sums, change.fill, change, orders.get(change.fill["client_order_id"]))
        # An average price need not end. Rounded here, per fill, a week stays the exact sum of its days.
        realized = round(after.realized_pnl - before.realized_pnl, _DIGITS)
        sums.realized += realized
        if before.quantity * change.signed_quantity < 0:
            # What is nothing must not win by its last digit.
            sums.results.append(round(realized - (change.fill["commission"] or ZERO), _DIGITS))
    return filled


def _count(sums: _Sums, fill: Row, change: _Change, order: DecidedOrder | None) -> None:
    sums.orders.add(fill["client_order_id"])
    sums.fills += 1
    sums.commissions += fill["commission"] or ZERO
    if change.signed_quantity > 0:
        sums.bought += fill["quantity"]
    else:
        sums.sold += fill["quantity"]
    if order is not None:
        sums.decided[order.client_order_id] = order
        sums.worked.append(worked_fill(fill))
    cost = None if order is None else slippage(Side(fill["side"]), fill["price"], order.bid, order.ask)
    if cost is not None:
        shares = fill["quantity"] * change.multiplier
        sums.compared += 1
        sums.compared_shares += shares
        sums.slippage += cost * shares


def _add_unfilled(
    periods: _Periods, window: _Window, place: Place, strategy: str | None, filled: set[str]
) -> None:  # fmt: skip
    """Orders that ended without a fill: they have no place of their own among the fills."""
    ended = [status.value for status in OrderStatus if status.is_terminal and status is not OrderStatus.DENIED]
    for row in read_rows(
        place, "execution", "orders",
        where=lambda t: [t.c.order_status.in_(ended)] + ([t.c.strategy == strategy] if strategy else []),
    ):  # fmt: skip
        if row["client_order_id"] not in filled and window.holds(row["event_ns"]):
            sums = periods.setdefault((window.start(row["event_ns"]), row["strategy"]), _Sums())
            sums.decided[row["client_order_id"]] = decided_order(row)


def _fills(place: Place, strategy: str | None) -> Iterator[_Change]:
    for fill in read_fills(place, strategy):
        yield _Change(
            fill["event_ns"], split_revision(fill["execution_id"])[0],
            (fill["strategy"], fill["account"], fill["instrument"]),
            fill["quantity"] * Side(fill["side"]).sign, fill["price"], max(1, fill["multiplier"]), fill,
        )  # fmt: skip


def _transfers(place: Place, strategy: str | None) -> Iterator[_Change]:
    """Both sides of every transfer: what was adopted is closed at a profit against what it was adopted at."""
    for row in read_rows(place, "portfolio", "transfers", where=lambda t: [t.c.instrument != ""]):
        for owner, quantity in ((row["from_owner"], -row["quantity"]), (row["to_owner"], row["quantity"])):
            if strategy in (None, owner):
                yield _Change(
                    row["market_ns"], f"transfer:{row['transfer_id']}", (owner, row["account"], row["instrument"]),
                    quantity, row["price"] or ZERO, max(1, row["multiplier"]), None,
                )  # fmt: skip


def _add_denials(periods: _Periods, window: _Window, place: Place, strategy: str | None) -> None:
    denials = read_rows(
        place, "execution", "operations",
        where=lambda t: [t.c.type == OperationType.DENIED.value] + ([t.c.strategy == strategy] if strategy else []),
    )  # fmt: skip
    for denial in denials:
        if window.holds(denial["market_ns"]):
            periods.setdefault((window.start(denial["market_ns"]), denial["strategy"]), _Sums()).denials += 1


def _add_profits(periods: _Periods, window: _Window, place: Place, strategy: str | None) -> None:
    for owner in owners(place, "strategy"):
        name = owner.removeprefix("strategy-")
        if strategy not in (None, name):
            continue
        for profit in _columns(place, owner, "status_history", _profit):
            # A daemon alive on a Saturday still tells of Friday's session: that is its day.
            told_of, session_ns = int(profit["market_ns"]), int(profit["session_ns"])
            if session_ns and market_day(session_ns) != market_day(told_of):
                told_of = session_ns
            if window.holds(told_of):
                sums = periods.setdefault((window.start(told_of), name), _Sums())
                sums.profits[market_day(told_of)] = float(profit["daily_pnl"])


def _profit(history: sa.Table) -> sa.Select[Any]:
    """What each snapshot says of its session's profit, oldest first; taken apart by the database."""
    snapshot = history.c.snapshot

    def whole(*path: str) -> sa.ColumnElement[int]:
        return sa.cast(snapshot[path].as_string(), sa.BigInteger)

    profit = snapshot["daily_pnl"].as_float()
    return (
        sa.select(
            sa.func.coalesce(whole("market_ts"), history.c.market_ns).label("market_ns"),
            sa.func.coalesce(whole("restore", "session_open"), 0).label("session_ns"),
            profit.label("daily_pnl"),
        )
        .where(profit.is_not(None))
        .order_by(history.c.id)
    )


def _columns(place: Place, owner: str, name: str, query: Any) -> list[Row]:
    """Rows of a query over one table of one owner; none where it has written nothing yet."""
    try:
        store = open_store(place, owner, read_only=True)
    except NotFound:
        return []
    with store, store.read() as connection:
        if not store.backend.columns(connection, name):
            return []
        table = METADATA[owner_kind(owner)].tables[name]
        return [dict(row._mapping) for row in connection.execute(query(table))]


def _plain(amount: Decimal) -> Decimal:
    """The same amount to at most nine decimals, without trailing zeros and without an exponent."""
    return Decimal(f"{round(amount, _DIGITS).normalize():f}")


def _row(start: date, strategy: str, sums: _Sums) -> Row:
    wins = sum(result > 0 for result in sums.results)
    spread = distribution(sums.results)
    quality = execution_quality(sums.decided.values(), sums.worked)
    return {
        "start_date": start.isoformat(),
        "strategy": strategy,
        "hedges": len(sums.orders),
        "fills": sums.fills,
        "denials": sums.denials,
        "bought_quantity": sums.bought,
        "sold_quantity": sums.sold,
        "realized_pnl": _plain(sums.realized),
        "commissions": sums.commissions,
        "net_pnl": _plain(sums.realized - sums.commissions),
        "closing_fills": len(sums.results),
        "wins": wins,
        "win_rate": wins / len(sums.results) if sums.results else None,
        "result_distribution": spread._asdict() if spread else None,
        "compared_fills": sums.compared,
        "total_slippage": _plain(sums.slippage) if sums.compared else None,
        "slippage_per_share": float(sums.slippage / sums.compared_shares) if sums.compared else None,
        "daily_pnl": sum(sums.profits.values()) if sums.profits else None,
        "arrival_compared_fills": quality.arrival.fills,
        "arrival_slippage": quality.arrival.total,
        "arrival_slippage_per_share": quality.arrival.mean,
        "fill_ms": asdict(quality.fill_ms),
        "orders": quality.orders,
        "canceled_orders": quality.canceled,
        "cancel_rate": quality.cancel_rate,
        "partial_orders": quality.partial,
        "partial_share": quality.partial_share,
    }
