"""Hedge statistics folded from what the daemons wrote; needs none of them alive, runs no machine, guard or gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from hedgerow.domain.errors import NotFound
from hedgerow.domain.order import Side
from hedgerow.domain.period import Period, market_day, period_start
from hedgerow.domain.position import ZERO, Position
from hedgerow.store.engine import open_store
from hedgerow.store.operations import OperationType
from hedgerow.store.read import Row, owners, read_fills, read_rows
from hedgerow.store.tables import METADATA

__all__ = ["Period", "hedge_statistics"]


@dataclass(slots=True)
class _Sums:
    orders: set[str] = field(default_factory=set)
    fills: int = 0
    denials: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    realized: Decimal = ZERO
    commissions: Decimal = ZERO
    profits: dict[date, float] = field(default_factory=dict)


class _Window(NamedTuple):
    period: Period
    since_ns: int | None
    until_ns: int | None

    def holds(self, market_ns: int) -> bool:
        after = self.since_ns is None or market_ns >= self.since_ns
        return after and (self.until_ns is None or market_ns < self.until_ns)

    def start(self, market_ns: int) -> date:
        return period_start(self.period, market_day(market_ns))


_Periods = dict[tuple[date, str], _Sums]


def hedge_statistics(
    store_dir: Path, strategy: str | None = None, period: Period = Period.DAY, since_ns: int | None = None,
    until_ns: int | None = None,
) -> list[Row]:  # fmt: skip
    """One row per period and strategy, oldest first; market times ns, since inclusive, until exclusive.

    `start_date` is the period's first New York day (ISO text), `hedges` counts orders with at least
    one fill in it, `denials` orders our risk refused. Decimal amounts in the account's currency:
    `realized_pnl` from fills alone, positions at average price, before `commissions`. `daily_pnl`
    (float) sums the last profit each session's snapshots told of, None where none did.
    """
    window, periods = _Window(period, since_ns, until_ns), _Periods()
    _add_fills(periods, window, store_dir, strategy)
    _add_denials(periods, window, store_dir, strategy)
    _add_profits(periods, window, store_dir, strategy)
    return [_row(start, name, sums) for (start, name), sums in sorted(periods.items(), key=lambda item: item[0])]


def _add_fills(periods: _Periods, window: _Window, store_dir: Path, strategy: str | None) -> None:
    positions: dict[tuple[str, str, str], Position] = {}
    # By when they happened: a fill's sequence moves on when its commission comes. And from the
    # first on, whatever is asked for: profit of a later day depends on earlier ones.
    fills = sorted(read_fills(store_dir, strategy), key=lambda fill: (fill["event_ns"], fill["receive_ns"]))
    for fill in fills:
        signed = fill["quantity"] * Side(fill["side"]).sign
        held = (fill["strategy"], fill["account"], fill["instrument"])
        before = positions.get(held, Position())
        after = positions[held] = before.after(signed, fill["price"], max(1, fill["multiplier"]))
        if not window.holds(fill["event_ns"]):
            continue
        sums = periods.setdefault((window.start(fill["event_ns"]), fill["strategy"]), _Sums())
        sums.orders.add(fill["client_order_id"])
        sums.fills += 1
        if signed > 0:
            sums.bought += fill["quantity"]
        else:
            sums.sold += fill["quantity"]
        sums.realized += after.realized_pnl - before.realized_pnl
        sums.commissions += fill["commission"] or ZERO


def _add_denials(periods: _Periods, window: _Window, store_dir: Path, strategy: str | None) -> None:
    denials = read_rows(
        store_dir, "execution", "operations",
        where=lambda t: [t.c.type == OperationType.DENIED.value] + ([t.c.strategy == strategy] if strategy else []),
    )  # fmt: skip
    for denial in denials:
        if window.holds(denial["market_ns"]):
            periods.setdefault((window.start(denial["market_ns"]), denial["strategy"]), _Sums()).denials += 1


def _add_profits(periods: _Periods, window: _Window, store_dir: Path, strategy: str | None) -> None:
    for owner in owners(store_dir, "strategy"):
        name = owner.removeprefix("strategy-")
        if strategy not in (None, name):
            continue
        for profit in _profits(store_dir, owner):
            # A daemon alive on a Saturday still tells of Friday's session: that is its day.
            told_of = profit.market_ns
            if profit.session_ns and market_day(profit.session_ns) != market_day(told_of):
                told_of = profit.session_ns
            if window.holds(told_of):
                sums = periods.setdefault((window.start(told_of), name), _Sums())
                sums.profits[market_day(told_of)] = profit.daily_pnl


class _Profit(NamedTuple):
    market_ns: int
    session_ns: int
    daily_pnl: float


def _profits(store_dir: Path, owner: str) -> Iterator[_Profit]:
    """What each snapshot of the history says of its session's profit, oldest first; taken apart by the database."""
    history = METADATA["strategy"].tables["status_history"]
    snapshot = history.c.snapshot
    profit = snapshot["daily_pnl"].as_float()
    query = (
        sa.select(
            sa.func.coalesce(snapshot["market_ts"].as_integer(), history.c.market_ns),
            sa.func.coalesce(snapshot[("restore", "session_open")].as_integer(), 0),
            profit,
        )
        .where(profit.is_not(None))
        .order_by(history.c.id)
    )
    try:
        store = open_store(store_dir, owner, read_only=True)
    except NotFound:
        return
    with store, store.read() as connection:
        if sa.inspect(connection).has_table("status_history"):
            for row in connection.execute(query):
                yield _Profit(int(row[0]), int(row[1]), float(row[2]))


def _row(start: date, strategy: str, sums: _Sums) -> Row:
    return {
        "start_date": start.isoformat(),
        "strategy": strategy,
        "hedges": len(sums.orders),
        "fills": sums.fills,
        "denials": sums.denials,
        "bought_quantity": sums.bought,
        "sold_quantity": sums.sold,
        "realized_pnl": sums.realized,
        "commissions": sums.commissions,
        "daily_pnl": sum(sums.profits.values()) if sums.profits else None,
    }
