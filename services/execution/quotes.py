"""A fresh quote for execution's own closing orders: one short stream from market-data, with a deadline."""

from __future__ import annotations

import asyncio
import time
from math import isfinite
from typing import Any, NamedTuple

import grpc

from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import Side
from hedgerow.domain.quote import Quote
from hedgerow.rpc.errors import rpc_reason
from hedgerow.wire.market_data import quotes_from_wire

NS_PER_MS = 1_000_000
REASON = "NO_FRESH_QUOTE"


class FreshQuote(NamedTuple):
    """A quote and how old it was when it was taken, ms of market time corrected for replay speed."""

    quote: Quote
    age_ms: float


class QuoteSource:
    """Asks market-data; every answer is checked for its age here."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock, replay: bool, timeout_s: float) -> None:
        self._stub = market_data_pb2_grpc.MarketDataServiceStub(channel)
        self._clock = clock
        self._replay = replay
        self._timeout_s = timeout_s

    async def fresh(self, instrument: Instrument, side: Side, limit_ms: float) -> FreshQuote:
        """A quote no older than `limit_ms` that has the side an order of `side` meets.

        Raises Unavailable, reason NO_FRESH_QUOTE, naming why there was none before the deadline.
        """
        name = instrument.instrument_id
        call: Any = self._stub.StreamQuotes(market_data_pb2.StreamQuotesRequest(instrument_ids=[name]))
        why = "market-data tells of none"
        try:
            async with asyncio.timeout(self._timeout_s):
                async for message in call:
                    for quote in quotes_from_wire(message.quotes):
                        if quote.instrument_id != name:
                            continue
                        age_ms = self._age_ms(quote)
                        why = _unfit(quote, side, age_ms, limit_ms)
                        if not why:
                            return FreshQuote(quote, age_ms)
                why = "market-data ended the stream"
        except TimeoutError:
            pass
        except grpc.aio.AioRpcError as error:
            why = f"market-data does not answer ({rpc_reason(error)})"
        except InvalidValue as error:
            why = f"market-data sent no quote: {error}"
        finally:
            call.cancel()
        raise Unavailable(f"{name}: {why}", REASON)

    def _age_ms(self, quote: Quote) -> float:
        """In replay market time less what the transit stretched it by; else since receipt, by the slower clock."""
        transit = max(0, time.monotonic_ns() - quote.monotonic_time) if quote.monotonic_time else 0
        if self._replay:
            since = self._clock.market_now() - quote.event_time - self._clock.speed * transit
            return max(0.0, since / NS_PER_MS)
        return max(transit, wall_now() - quote.receive_time, 0) / NS_PER_MS


def _unfit(quote: Quote, side: Side, age_ms: float, limit_ms: float) -> str:
    """Why an order must not be priced from it, empty when it may."""
    if quote.delayed:
        return "its quotes are delayed"
    touch = quote.ask if side is Side.BUY else quote.bid
    if touch is None or not isfinite(touch) or touch <= 0:
        return "it has no offer" if side is Side.BUY else "it has no bid"
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return f"its quote is crossed, {quote.bid} to {quote.ask}"
    return "" if age_ms <= limit_ms else f"its quote is {age_ms:.0f} ms old, limit {limit_ms:.0f} ms"
