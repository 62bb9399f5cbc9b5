"""Quotes for readers of pages: one call to market-data per set of instruments, however many read it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import grpc

from gateway.errors import HttpError, upstream_error
from gateway.streams import Lines
from gateway.transcode import result_line, to_json
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.rpc.streams import ConflatingBroadcast

MARKET_DATA = "market-data"
GATHER_S = 0.05
"""How long quotes are gathered before they are handed on: a picture needs no more, and a tick's way to its order
comes first."""
_IDLE_S = 60.0
_QUOTE, _GAP = "quote", "gap"
_LASTING = (_QUOTE, "feed")


class _Item(NamedTuple):
    """One quote's JSON, a gap's number, or the whole line of anything else; the newest by kind and name matters."""

    kind: str
    name: str
    data: bytes


class QuoteFeeds:
    """The feeds that have a reader now, by their instruments."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = market_data_pb2_grpc.MarketDataServiceStub(channel)
        self._feeds: dict[tuple[str, ...], _Feed] = {}

    async def lines(self, request: market_data_pb2.StreamQuotesRequest) -> Lines:
        """The feed's state and the current quotes, then changes, conflated latest-wins, each loss marked by a gap.

        One who resumes is told what was lost by market-data itself: that takes a call of its own.
        Raises HttpError with what market-data says when it ends the stream with an error.
        """
        key = tuple(sorted(set(request.instrument_ids)))
        feed = None if request.start_sequence else self._feeds.get(key)
        if feed is None or feed.ended:
            feed = _Feed(self._stub.StreamQuotes(request))
            if not request.start_sequence:
                self._feeds[key] = feed
        try:
            with feed.broadcast.subscribe(initial=feed.current()) as reader:
                async for batch in reader.batches(_IDLE_S):
                    for line in feed.lines(batch.items, batch.dropped):
                        yield line
                    if batch.closing and feed.error is not None:
                        raise feed.error
        finally:
            if not feed.broadcast.readers or feed.ended:
                feed.end()
                if self._feeds.get(key) is feed:
                    del self._feeds[key]


class _Feed:
    """One StreamQuotes call and what it said last."""

    def __init__(self, call: Any) -> None:
        self.broadcast = ConflatingBroadcast[_Item](lambda item: (item.kind, item.name))
        self.error: HttpError | None = None
        self.ended = False
        self._call = call
        self._latest: dict[tuple[str, str], _Item] = {}
        self._gathered: list[_Item] = []
        self._gaps = 0
        self._sequence = self._gathered_sequence = 0
        self._task = asyncio.create_task(self._run())

    def current(self) -> Sequence[_Item]:
        """What a new reader is told first."""
        return tuple(self._latest.values())

    def lines(self, items: Sequence[_Item], dropped: int) -> list[bytes]:
        """A batch as lines: what is no quote, what was lost, and all quotes in one."""
        found = [item.data for item in items if item.kind not in (_QUOTE, _GAP)]
        lost = dropped + sum(int(item.data) for item in items if item.kind == _GAP)
        if lost:
            gap = market_data_pb2.QuoteGap(dropped=lost)
            found.append(result_line(market_data_pb2.StreamQuotesResponse(gap=gap)))
        quotes = b",".join(item.data for item in items if item.kind == _QUOTE)
        if quotes:
            found.append(b'{"result":{"quotes":{"quotes":[%b],"sequence":"%d"}}}' % (quotes, self._sequence))
        return found

    def end(self) -> None:
        """Nobody reads any more."""
        self._task.cancel()
        self._call.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (message := await self._call.read()) is not grpc.aio.EOF:
                if not self._gathered:
                    loop.call_later(GATHER_S if self._latest else 0.0, self._publish)
                self._take(message)
        except grpc.aio.AioRpcError as error:
            self.error = upstream_error(error, MARKET_DATA, 0.0)
        finally:
            self.ended = True
            self._publish()
            self.broadcast.close("ENDED")

    def _take(self, message: market_data_pb2.StreamQuotesResponse) -> None:
        kind = message.WhichOneof("event") or ""
        if kind == "quotes":
            self._gathered_sequence = message.quotes.sequence
            items = [_Item(_QUOTE, quote.instrument_id, to_json(quote)) for quote in message.quotes.quotes]
        elif kind == _GAP:
            self._gaps += 1  # none of them is another's newer self
            items = [_Item(_GAP, str(self._gaps), b"%d" % message.gap.dropped)]
        else:
            items = [_Item(kind, "", result_line(message))]
        self._gathered += items

    def _publish(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._sequence = self._gathered_sequence
        self._latest.update({(item.kind, item.name): item for item in gathered if item.kind in _LASTING})
        self.broadcast.publish_all(gathered)
