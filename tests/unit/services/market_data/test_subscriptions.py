"""Lines shared by readers."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.domain.errors import FailedPrecondition, NotFound
from hedgerow.domain.instrument import Instrument, stock
from services.market_data.subscriptions import Subscriptions

GOOG, TWX, AIG = stock("GOOG"), stock("TWX"), stock("AIG")


class Lines:
    """Lines of a broker that takes a moment to open one and knows no XYZ."""

    lines_allowed = 2

    def __init__(self) -> None:
        self.open: list[str] = []
        self.opened = 0

    @property
    def lines_used(self) -> int:
        """Lines open."""
        return len(self.open)

    async def subscribe(self, instrument: Instrument) -> None:
        """Opens a line."""
        await asyncio.sleep(0)
        if instrument.symbol == "XYZ":
            raise NotFound("XYZ")
        if len(self.open) >= self.lines_allowed:
            raise FailedPrecondition("no line is free", "MARKET_DATA_LINES")
        self.open.append(instrument.instrument_id)
        self.opened += 1

    def unsubscribe(self, instrument_id: str) -> None:
        """Closes a line."""
        self.open.remove(instrument_id)


def shared(linger_s: float = 60.0) -> tuple[Subscriptions, Lines, list[str]]:
    """Subscriptions on such lines, and what was given up."""
    lines, closed = Lines(), list[str]()
    return Subscriptions(lines, linger_s, closed.append), lines, closed  # type: ignore[arg-type]


async def test_readers_share_a_line_also_while_it_opens() -> None:
    subscriptions, lines, _ = shared()
    await asyncio.gather(subscriptions.acquire([GOOG]), subscriptions.acquire([GOOG, TWX]))
    assert lines.opened == 2
    assert subscriptions.readers("GOOG") == 2


async def test_a_line_stays_a_while_after_its_last_reader() -> None:
    subscriptions, lines, closed = shared()
    await subscriptions.acquire([GOOG])
    subscriptions.release(["GOOG"])
    assert lines.open == ["GOOG"]
    await subscriptions.acquire([GOOG])
    assert lines.opened == 1
    assert closed == []
    subscriptions.close()


async def test_a_line_is_closed_when_nobody_came_back() -> None:
    subscriptions, lines, closed = shared(linger_s=0.0)
    await subscriptions.acquire([GOOG])
    subscriptions.release(["GOOG"])
    async with asyncio.timeout(1):
        while lines.open:  # noqa: ASYNC110 (the timer under test is the loop's)
            await asyncio.sleep(0)
    assert closed == ["GOOG"]


async def test_a_line_nobody_reads_makes_room() -> None:
    subscriptions, lines, closed = shared()
    await subscriptions.acquire([GOOG, TWX])
    subscriptions.release(["GOOG"])
    await subscriptions.acquire([AIG])
    assert lines.open == ["TWX", "AIG"]
    assert closed == ["GOOG"]


async def test_a_failed_request_leaves_no_claim() -> None:
    subscriptions, lines, _ = shared(linger_s=0.0)
    with pytest.raises(NotFound):
        await subscriptions.acquire([GOOG, stock("XYZ")])
    assert subscriptions.readers("GOOG") == subscriptions.readers("XYZ") == 0
    async with asyncio.timeout(1):
        while lines.open:  # noqa: ASYNC110 (the timer under test is the loop's)
            await asyncio.sleep(0)
    await subscriptions.acquire([GOOG, TWX])
    with pytest.raises(FailedPrecondition):
        await subscriptions.acquire([AIG])
    assert subscriptions.readers("AIG") == 0
