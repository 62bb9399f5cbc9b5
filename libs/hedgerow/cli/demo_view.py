"""The live table of a running demo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from hedgerow.clock import ClockReading

_NEW_YORK = ZoneInfo("America/New_York")
_LAMP_STYLES = {"green": "bold green", "yellow": "bold yellow", "red": "bold red"}


def live_table(snapshot: dict[str, Any], clock: ClockReading) -> Table:
    """What the strategy knows now, in one glance."""
    market = datetime.fromtimestamp(clock.watermark / 1e9, UTC).astimezone(_NEW_YORK)
    lamp = str(snapshot.get("status_lamp", "red"))
    counters = snapshot.get("counters", {})
    table = Table(title=f"{snapshot.get('symbol', '')}  {market:%Y-%m-%d %H:%M:%S} New York  x{clock.speed:g}",
                  title_justify="left", show_header=False)  # fmt: skip
    table.add_column(style="bold")
    table.add_column(min_width=58)
    rows = {
        "lamp": f"[{_LAMP_STYLES.get(lamp, 'bold')}]{lamp}[/] {', '.join(snapshot.get('block_reasons', []))}",
        "machines": f"{snapshot.get('daemon_state')} / {snapshot.get('trading_fsm_state')} / "
        f"{snapshot.get('hedge_fsm_state')}",
        "quote": f"{number(snapshot.get('bid'))} x {number(snapshot.get('ask'))}",
        "net delta": f"{number(snapshot.get('net_delta'), 1)} shares",
        "stock / legs": f"{number(snapshot.get('stock_position'), 0)} shares / "
        f"{number(snapshot.get('option_legs'), 0)}",
        "gamma / theta": f"{number(snapshot.get('gamma'), 1)} shares per USD / "
        f"{number(_per_day(snapshot.get('theta')), 0)} USD per day",
        "hedges today": number(snapshot.get("daily_hedge_count"), 0),
        "P&L today": f"{number(snapshot.get('daily_pnl'))} USD",
        "evaluations": number(counters.get("evaluations"), 0),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def number(value: Any, digits: int = 2) -> str:
    """A number with thousands separators, or a dash."""
    return "-" if value is None else f"{float(value):,.{digits}f}"


def _per_day(per_year: Any) -> float | None:
    return None if per_year is None else float(per_year) / 365.0
