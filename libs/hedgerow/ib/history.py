"""Historical bars, asked for in the broker's words."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.events import Bar, BarPrice
from hedgerow.ib.link import IbLink
from hedgerow.ib.pacing import HISTORIES

if TYPE_CHECKING:
    from hedgerow.ib.session import Session

HISTORY_PACED = "HISTORY_PACED"
"""The reason of a request that must wait for the broker's pacing."""

_HISTORY_ERROR = "BROKER_ERROR_162"

_BAR_SIZES = {1: "1 secs", 5: "5 secs", 60: "1 min", 300: "5 mins", 3600: "1 hour", 86400: "1 day"}
_NS_PER_S = 1_000_000_000
_SESSION_S = 23_400
_EXCHANGE_ZONE = ZoneInfo("America/New_York")


async def list_bars(
    link: IbLink, contracts: ContractBook, instrument: Instrument, end_time: int | None, bar_seconds: int,
    max_bars: int, price: BarPrice | None = None,
) -> list[Bar]:  # fmt: skip
    """At most `max_bars` regular-session bars that end at or before `end_time` (market ns UTC, None = now).

    `price` None is trades of a stock and the midpoint of an option. The very same request within 15 s gets the answer
    of the first. Raises InvalidValue for a bar length the broker has not, NotFound, FailedPrecondition, Unavailable,
    by HISTORY_PACED where the broker's sixty requests in ten minutes are used up.
    """
    size = _BAR_SIZES.get(bar_seconds)
    if size is None:
        raise InvalidValue("bar_seconds", bar_seconds, f"one of {', '.join(map(str, _BAR_SIZES))}")
    await contracts.resolve(instrument)
    session = link.session()
    contract = contracts.contract(instrument)
    end = "" if end_time is None else datetime.fromtimestamp(end_time / _NS_PER_S, UTC)
    # an option trades too rarely for a bar of trades to say anything: its mid does
    what = price or (BarPrice.MIDPOINT if instrument.is_option else BarPrice.TRADES)
    budget = link.histories
    span = duration(bar_seconds, max_bars)
    request = (instrument.instrument_id, end_time, span, size, what)
    bars = budget.answer(request, time.monotonic())
    if bars is None:
        wait_s = budget.take(time.monotonic())
        if wait_s > 0:
            text = f"the broker answers {HISTORIES} historical requests in ten minutes: again in {wait_s:.0f} s"
            raise Unavailable(text, HISTORY_PACED)
        bars = await _ask(session, instrument, contract, (end, span, size, what.value))
        budget.keep(request, time.monotonic(), bars)
    if end_time is not None:
        bars = [bar for bar in bars if bar.start_time + bar_seconds * _NS_PER_S <= end_time]
    return bars[-max_bars:]


async def _ask(session: Session, instrument: Instrument, contract: Any, words: tuple[Any, ...]) -> list[Bar]:
    end, span, size, what = words
    try:
        rows = await session.request(
            f"{instrument.instrument_id} bars",
            lambda: session.ib.reqHistoricalDataAsync(contract, end, span, size, what, True, formatDate=2, timeout=0),
        )
    except FailedPrecondition as error:
        # one code for everything about history: only its words tell
        text = str(error).lower()
        if error.reason == _HISTORY_ERROR and "no data" in text:
            return []
        if error.reason == _HISTORY_ERROR and "pacing" in text:
            raise Unavailable(str(error), HISTORY_PACED) from error
        raise
    return [bar for bar in (_bar(row) for row in rows) if bar is not None]


def duration(bar_seconds: int, max_bars: int) -> str:
    """How far back to ask: seconds within one session, days beyond, years beyond one."""
    if bar_seconds == 86_400:
        # of 365 days some 252 have a session
        days = max_bars * 365 // 252 + 5
        return f"{days} D" if days <= 365 else f"{days // 365 + 1} Y"
    span = bar_seconds * max_bars
    if span <= _SESSION_S:
        return f"{span} S"
    days = span // _SESSION_S + 1
    return f"{days} D" if days <= 365 else f"{days // 365 + 1} Y"


def _bar(row: Any) -> Bar | None:
    prices = (float(row.open), float(row.high), float(row.low), float(row.close))
    if not all(isfinite(price) and price > 0 for price in prices):
        return None
    when = row.date
    if isinstance(when, datetime):
        moment = when if when.tzinfo is not None else when.replace(tzinfo=_EXCHANGE_ZONE)
    elif isinstance(when, date):
        moment = datetime(when.year, when.month, when.day, tzinfo=_EXCHANGE_ZONE)
    else:
        return None
    return Bar(int(moment.timestamp()) * _NS_PER_S, *prices, max(0.0, float(row.volume)))
