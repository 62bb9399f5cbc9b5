"""MarketDataService on the wire: no decisions here."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument
from hedgerow.ib.events import BarPrice
from hedgerow.rpc.streams import Batch
from hedgerow.wire.common import (
    broker_link_to_wire,
    closing_to_wire,
    date_to_wire,
    decimal_to_wire,
    heartbeat_to_wire,
    instrument_id_from_wire,
    instrument_to_wire,
    operator_from_wire,
    timestamp_from_wire,
    timestamp_to_wire,
)
from hedgerow.wire.market_data import encode_quote_batch
from services.market_data import metrics
from services.market_data.service import Feed, MarketDataService, Tick

SERVICE_NAME = "hedgerow.api.market_data.v1.MarketDataService"
_STANDARD_MULTIPLIER = 100
_BAR_SECONDS, _BARS, _MOST_BARS = 60, 390, 10_000
_BAR_PRICES = {
    market_data_pb2.BAR_PRICE_UNSPECIFIED: None,
    market_data_pb2.BAR_PRICE_TRADES: BarPrice.TRADES,
    market_data_pb2.BAR_PRICE_MIDPOINT: BarPrice.MIDPOINT,
    market_data_pb2.BAR_PRICE_BID: BarPrice.BID,
    market_data_pb2.BAR_PRICE_ASK: BarPrice.ASK,
}
_FOREVER_MS = 1e12  # what a silence without end is told as: JSON knows no infinity


class MarketDataServer(market_data_pb2_grpc.MarketDataServiceServicer):
    """Answers questions and streams quotes."""

    def __init__(self, service: MarketDataService) -> None:
        self._service = service

    async def ResolveInstrument(
        self, request: market_data_pb2.ResolveInstrumentRequest, context: Any
    ) -> market_data_pb2.ResolveInstrumentResponse:
        """The instrument the broker knows."""
        instrument = instrument_id_from_wire("instrument_id", request.instrument_id, _STANDARD_MULTIPLIER)
        resolved = await self._service.broker.resolve(instrument)
        return market_data_pb2.ResolveInstrumentResponse(
            instrument=instrument_to_wire(resolved.instrument),
            broker_contract_number=resolved.contract_number,
            min_tick=decimal_to_wire(resolved.min_tick),
        )

    async def ListOptionChain(
        self, request: market_data_pb2.ListOptionChainRequest, context: Any
    ) -> market_data_pb2.ListOptionChainResponse:
        """Expiries and strikes."""
        underlying = instrument_id_from_wire("underlying_id", request.underlying_id, _STANDARD_MULTIPLIER)
        if underlying.is_option:
            raise InvalidValue("underlying_id", request.underlying_id, "a stock: options have no options")
        chain = await self._service.broker.option_chain(underlying)
        return market_data_pb2.ListOptionChainResponse(
            expiries=[
                market_data_pb2.OptionExpiry(
                    expiry=date_to_wire(row.expiry),
                    strikes=[decimal_to_wire(strike) for strike in row.strikes],
                    multiplier=row.multiplier,
                )
                for row in chain
            ]
        )

    async def ListBars(
        self, request: market_data_pb2.ListBarsRequest, context: Any
    ) -> market_data_pb2.ListBarsResponse:
        """Historical bars."""
        instrument = instrument_id_from_wire("instrument_id", request.instrument_id, _STANDARD_MULTIPLIER)
        most = request.max_bars or _BARS
        if not 1 <= most <= _MOST_BARS:
            raise InvalidValue("max_bars", most, f"1 to {_MOST_BARS}")
        end = timestamp_from_wire("end_time", request.end_time) if request.HasField("end_time") else None
        if request.price not in _BAR_PRICES:
            raise InvalidValue("price", request.price, f"one of {', '.join(market_data_pb2.BarPrice.keys())}")
        length, price = request.bar_seconds or _BAR_SECONDS, _BAR_PRICES[request.price]
        bars = await self._service.broker.bars(instrument, end, length, most, price)
        return market_data_pb2.ListBarsResponse(
            bars=[
                market_data_pb2.Bar(
                    start_time=timestamp_to_wire(bar.start_time), open=bar.open, high=bar.high, low=bar.low,
                    close=bar.close, volume=bar.volume,
                )
                for bar in bars
            ]
        )  # fmt: skip

    async def GetFeedHealth(
        self, request: market_data_pb2.GetFeedHealthRequest, context: Any
    ) -> market_data_pb2.GetFeedHealthResponse:
        """Whether the feed flows."""
        service = self._service
        return market_data_pb2.GetFeedHealthResponse(
            feed=_feed(service.feed()),
            instruments=[
                market_data_pb2.InstrumentFeed(
                    instrument_id=row.instrument_id, age_ms=row.age_ms, fresh=row.fresh, quotes=row.quotes,
                    delayed=row.delayed,
                )
                for row in service.health()
            ],
            lines_used=service.broker.lines_used,
            lines_allowed=service.broker.lines_allowed,
        )  # fmt: skip

    async def RetryBrokerLink(
        self, request: market_data_pb2.RetryBrokerLinkRequest, context: Any
    ) -> market_data_pb2.RetryBrokerLinkResponse:
        """The broker connection tried now."""
        operator_from_wire("operator", request.operator)
        link = await self._service.broker.retry_link()
        return market_data_pb2.RetryBrokerLinkResponse(link=broker_link_to_wire(link))

    async def StreamQuotes(self, request: market_data_pb2.StreamQuotesRequest, context: Any) -> None:
        """The feed's state, the current quotes, then everything that was pending, in one message, as often as it can.

        Written to the call rather than yielded: each message costs one await less.
        """
        service = self._service
        instruments = self._instruments(request.instrument_ids)
        wanted = frozenset(instrument.instrument_id for instrument in instruments)
        await service.subscriptions.acquire(instruments)
        try:
            with service.reader(wanted, request.start_sequence) as (reader, lost):
                await context.write(_feed_message(service.feed(wanted)))
                if lost:
                    await context.write(_gap_message(lost))
                async for batch in reader.batches(service.config.heartbeat_s):
                    await self._write(context, batch, wanted)
        finally:
            service.subscriptions.release(list(wanted))

    async def _write(self, context: Any, batch: Batch[Tick], wanted: frozenset[str]) -> None:
        quotes = [encoded for _, encoded in batch.items if encoded]
        if batch.dropped:
            metrics.DROPPED.inc(batch.dropped)
            await context.write(_gap_message(batch.dropped))
        if len(quotes) != len(batch.items):
            await context.write(_feed_message(self._service.feed(wanted)))
        if quotes:
            metrics.SENT.inc(len(quotes))
            await context.write(encode_quote_batch(quotes, batch.sequence))
        if batch.idle:
            beat = heartbeat_to_wire(wall_now(), self._service.clock.market_now())
            await context.write(market_data_pb2.StreamQuotesResponse(heartbeat=beat))
        if batch.closing:
            await context.write(market_data_pb2.StreamQuotesResponse(closing=closing_to_wire(batch.closing)))

    def _instruments(self, names: Iterable[str]) -> list[Instrument]:
        distinct = list(dict.fromkeys(names))
        most = self._service.config.most_instruments
        if not 1 <= len(distinct) <= most:
            raise InvalidValue("instrument_ids", len(distinct), f"1 to {most} instruments")
        return [
            instrument_id_from_wire(f"instrument_ids[{index}]", name, _STANDARD_MULTIPLIER)
            for index, name in enumerate(distinct)
        ]


def _feed(feed: Feed) -> market_data_pb2.FeedState:
    return market_data_pb2.FeedState(
        link=broker_link_to_wire(feed.link),
        silence_ms=feed.silence_ms if isfinite(feed.silence_ms) else _FOREVER_MS,
        trouble=feed.trouble,
        tape_interval_ms=feed.tape_interval_ms,
    )


def _feed_message(feed: Feed) -> market_data_pb2.StreamQuotesResponse:
    return market_data_pb2.StreamQuotesResponse(feed=_feed(feed))


def _gap_message(dropped: int) -> market_data_pb2.StreamQuotesResponse:
    return market_data_pb2.StreamQuotesResponse(gap=market_data_pb2.QuoteGap(dropped=dropped))
