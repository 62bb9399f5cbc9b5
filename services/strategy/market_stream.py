"""Listens to quotes of the underlying and of every leg held or about to be adopted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import grpc

from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.rpc.retry import reconnecting
from hedgerow.strategy.observation import ObservationCause
from hedgerow.wire.common import broker_link_from_wire
from hedgerow.wire.market_data import quote_from_wire
from services.strategy.inputs import LINK_UNKNOWN, Inputs

Evaluate = Callable[[ObservationCause], None]


class MarketStream:
    """One quote stream; a changed set of instruments opens it anew, the current quotes come first."""

    def __init__(self, channel: grpc.aio.Channel, inputs: Inputs, evaluate: Evaluate, silence_s: float) -> None:
        self._stub = market_data_pb2_grpc.MarketDataServiceStub(channel)
        self._inputs = inputs
        self._evaluate = evaluate
        self._silence_s = silence_s
        self._wanted: tuple[str, ...] = (inputs.symbol,)
        self._changed = asyncio.Event()

    def want(self, instrument_ids: set[str]) -> None:
        """Listens to the underlying and these."""
        wanted = (self._inputs.symbol, *sorted(instrument_ids - {self._inputs.symbol}))
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def run(self) -> None:
        """Until canceled."""
        while True:
            self._changed.clear()
            listening = asyncio.create_task(self._listen())
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait((listening, changed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
                listening.cancel()
                await asyncio.wait((listening,))
            if not listening.cancelled():
                listening.result()

    async def _listen(self) -> None:
        def open_call() -> object:
            return self._stub.StreamQuotes(market_data_pb2.StreamQuotesRequest(instrument_ids=self._wanted))

        messages = reconnecting(open_call, name="market-data", silence_s=self._silence_s, on_down=self._on_down)
        async for message in messages:
            self._on_message(message)
            await asyncio.sleep(0)  # what was decided on it leaves before the next is waited for

    def _on_message(self, message: market_data_pb2.StreamQuotesResponse) -> None:
        inputs = self._inputs
        inputs.feed_heard = time.monotonic_ns()
        kind = message.WhichOneof("event")
        if kind == "quotes":
            for wire in message.quotes.quotes:
                inputs.add_quote(quote_from_wire("quotes", wire))
            self._evaluate(ObservationCause.QUOTE)
        elif kind == "feed":
            inputs.market_data_open = True
            inputs.feed_link = broker_link_from_wire("feed.link", message.feed.link)
            inputs.feed_trouble = message.feed.trouble
            self._evaluate(ObservationCause.LINK)

    def _on_down(self, reason: str) -> None:
        if self._inputs.market_data_open:
            self._inputs.market_data_open = False
            self._inputs.feed_link = LINK_UNKNOWN
            self._evaluate(ObservationCause.LINK)
