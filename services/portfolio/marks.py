"""Marks: the market price of every instrument held or traded, followed from market-data and written down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import grpc

from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.quote import Quote
from hedgerow.rpc.retry import reconnecting
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.market_data import quotes_from_wire
from services.portfolio.ports import Mark, Records

REFUSED_S = 5.0
"""Wall seconds before a subscription market-data refused is tried again, unless the set changes first."""
SILENT_HEARTBEATS = 10
_MARK_DIGITS = 6


class MarkBook:
    """The newest mark per instrument, and which instruments are wanted."""

    def __init__(self, records: Records, restored: Sequence[Mark] = ()) -> None:
        self.marks = {mark.instrument_id: mark for mark in restored}
        self.prices: dict[str, Decimal] = {m.instrument_id: m.price for m in restored if m.price is not None}
        self.wanted: frozenset[str] = frozenset()
        self.changed = asyncio.Event()
        self._records = records
        self._dirty: set[str] = set()

    def want(self, instrument_ids: frozenset[str]) -> None:
        """Follows exactly these."""
        if instrument_ids != self.wanted:
            self.wanted = instrument_ids
            self.changed.set()

    def on_quotes(self, quotes: Iterable[Quote]) -> None:
        """Newest quotes: a two-sided one moves the mark, any other leaves the last."""
        for quote in quotes:
            mid = quote.mid
            if mid is not None:
                self.prices[quote.instrument_id] = Decimal(repr(round(mid, _MARK_DIGITS)))
            self.marks[quote.instrument_id] = Mark(
                quote.instrument_id,
                self.prices.get(quote.instrument_id),
                quote.bid,
                quote.ask,
                quote.event_time,
                quote.receive_time,
            )
            self._dirty.add(quote.instrument_id)

    def write(self) -> None:
        """Queues marks changed since the last time."""
        if self._dirty:
            self._records.write_marks([self.marks[name] for name in sorted(self._dirty)])
            self._dirty.clear()

    async def write_forever(self, interval_s: float) -> None:
        """Writes changed marks on the interval; runs until cancelled."""
        while True:
            await asyncio.sleep(interval_s)
            self.write()


async def follow_quotes(channel: grpc.aio.Channel, marks: MarkBook, heartbeat_s: float) -> None:
    """Subscribes to whatever is wanted, anew when that changes; runs until cancelled."""
    stub: Any = market_data_pb2_grpc.MarketDataServiceStub(channel)
    while True:
        marks.changed.clear()
        tasks: set[asyncio.Task[Any]] = {asyncio.create_task(marks.changed.wait())}
        if marks.wanted:
            tasks.add(asyncio.create_task(_listen(stub, marks, heartbeat_s * SILENT_HEARTBEATS)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()


async def _listen(stub: Any, marks: MarkBook, silence_s: float) -> None:
    """One subscription; ends only when market-data refuses it, after waiting before another try."""
    request = market_data_pb2.StreamQuotesRequest(instrument_ids=sorted(marks.wanted))
    try:
        async for message in reconnecting(lambda: stub.StreamQuotes(request), name="market-data", silence_s=silence_s):
            if message.WhichOneof("event") == "quotes":
                marks.on_quotes(quotes_from_wire(message.quotes))
    except HedgerowError as error:
        get_logger().warning("no quotes for marks", reason=error.reason, cause=str(error), again_in_s=REFUSED_S)
        await asyncio.sleep(REFUSED_S)
