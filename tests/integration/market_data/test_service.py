"""Market-data over gRPC, with the gateway there, away, and coming back."""

from __future__ import annotations

import asyncio
import signal
import urllib.request
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.market_data.v1 import market_data_pb2 as pb
from hedgerow.rpc.errors import rpc_reason
from hedgerow.tape.reader import read_tape
from tests.integration.ib.gateway import CALL, GOOG, START_NS, Gateway, until
from tests.integration.market_data.conftest import Start

READY = common_pb2.LINK_STATE_READY
CALL_ID = CALL.instrument_id


async def test_a_stream_begins_with_the_feed_then_current_quotes_then_changes(start: Start, gateway: Gateway) -> None:
    service = await start()
    stream = service.stream("GOOG", CALL_ID)
    first = await stream.until(lambda m: True, "the first message")
    assert first.WhichOneof("event") == "feed"
    assert first.feed.tape_interval_ms == 60_000
    quote = await stream.quote("GOOG")
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (749.0, 749.2, 100, 200)
    assert quote.event_time.ToNanoseconds() == START_NS
    assert quote.monotonic_time_ns > 0
    await gateway.tick(GOOG, 750.0, 750.2)
    assert (await stream.quote("GOOG", 750.0)).ask == 750.2
    await stream.until(lambda m: m.HasField("heartbeat"), "a heartbeat")
    quotes = [quote for message in stream.messages for quote in message.quotes.quotes]
    greeks = [quote.broker_greeks for quote in quotes if quote.HasField("broker_greeks")]
    assert {each.source for each in greeks} == {pb.GREEKS_SOURCE_BROKER}
    assert not [quote for quote in quotes if quote.instrument_id == "GOOG" and quote.HasField("broker_greeks")]


async def test_questions_are_answered(start: Start) -> None:
    service = await start()
    stub = service.stub
    await service.stream("GOOG").until(lambda m: m.feed.link.state == READY, "the broker")
    resolved = await stub.ResolveInstrument(pb.ResolveInstrumentRequest(instrument_id=CALL_ID))
    assert resolved.instrument.instrument_id == CALL_ID
    assert resolved.min_tick.value == "0.01"
    chain = await stub.ListOptionChain(pb.ListOptionChainRequest(underlying_id="GOOG"))
    assert [s.value for s in chain.expiries[0].strikes] == ["747.5", "750"]
    end = Timestamp()
    end.FromNanoseconds(START_NS)
    bars = await stub.ListBars(pb.ListBarsRequest(instrument_id="GOOG", end_time=end, max_bars=3))
    assert len(bars.bars) == 3
    health = await stub.GetFeedHealth(pb.GetFeedHealthRequest())
    assert (health.lines_used, health.lines_allowed) == (1, 100)


@pytest.mark.parametrize(
    ("instrument_ids", "code", "reason"),
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT, "INVALID_VALUE"),
        (["GOOG 2016"], grpc.StatusCode.INVALID_ARGUMENT, "INVALID_VALUE"),
        (["GOOG", "XYZ"], grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
    ],
)
async def test_a_bad_stream_request_is_refused(
    start: Start, instrument_ids: list[str], code: grpc.StatusCode, reason: str
) -> None:
    service = await start()
    await service.stream("GOOG").until(lambda m: m.feed.link.state == READY, "the broker")
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await service.stream(*instrument_ids).until(lambda m: True, "an answer")
    assert error.value.code() is code
    assert rpc_reason(error.value) == reason


async def test_health_tells_age_and_freshness(start: Start, gateway: Gateway) -> None:
    service = await start()
    stream = service.stream("GOOG")
    await stream.quote("GOOG")
    (row,) = (await service.stub.GetFeedHealth(pb.GetFeedHealthRequest())).instruments
    assert (row.instrument_id, row.fresh, row.delayed) == ("GOOG", True, False)
    assert row.age_ms < 1000
    # three minutes of market time without a quote: beyond two bars
    await gateway.admin("freeze")
    await gateway.admin("resume", speed=3600)
    for _ in range(200):
        (row,) = (await service.stub.GetFeedHealth(pb.GetFeedHealthRequest())).instruments
        if not row.fresh:
            break
        await asyncio.sleep(0.02)
    assert row.age_ms > 120_000
    assert not row.fresh


async def test_readers_share_lines_and_free_them(start: Start, gateway: Gateway) -> None:
    service = await start()
    one, two = service.stream("GOOG", CALL_ID), service.stream("GOOG")
    await one.quote(CALL_ID)
    await two.quote("GOOG")
    status = await gateway.admin("status")
    assert [client["subscriptions"] for client in status["clients"]] == [2]
    one.call.cancel()
    await gateway.tick(GOOG, 751.0, 751.1)
    assert (await two.quote("GOOG", 751.0)).ask == 751.1
    again = service.stream(CALL_ID)  # within the linger: the same line, its quote at once
    await again.quote(CALL_ID)
    status = await gateway.admin("status")
    assert [client["subscriptions"] for client in status["clients"]] == [2]


async def test_serves_without_a_broker_and_connects_when_it_appears(start: Start, gateway: Gateway) -> None:
    await gateway.stop()
    service = await start()
    stream = service.stream("GOOG")
    down = await stream.until(lambda m: m.feed.link.HasField("next_retry_time"), "a retry announced")
    assert down.feed.link.reason == "BROKER_UNREACHABLE"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await service.stub.ResolveInstrument(pb.ResolveInstrumentRequest(instrument_id="GOOG"))
    assert (error.value.code(), rpc_reason(error.value)) == (grpc.StatusCode.UNAVAILABLE, "BROKER_DOWN")
    await gateway.start()
    await stream.until(lambda m: m.feed.link.state == READY, "ready")
    assert (await stream.quote("GOOG")).bid == 749.0


async def test_a_stream_outlives_the_gateway(start: Start, gateway: Gateway) -> None:
    service = await start()
    stream = service.stream("GOOG")
    await stream.quote("GOOG")
    await gateway.stop()
    await stream.until(lambda m: m.feed.link.state == common_pb2.LINK_STATE_DISCONNECTED, "down")
    await gateway.start()
    await stream.until(lambda m: m.feed.link.state == READY, "ready again")
    await gateway.tick(GOOG, 745.0, 745.1)
    assert (await stream.quote("GOOG", 745.0)).ask == 745.1


async def test_a_resumed_reader_gets_what_is_newer_and_is_told_what_it_missed(start: Start, gateway: Gateway) -> None:
    service = await start()
    stream = service.stream("GOOG")
    await gateway.tick(GOOG, 751.0, 751.5)
    await stream.quote("GOOG", 751.0)
    place = stream.messages[-1].quotes.sequence
    stream.call.cancel()
    unchanged = service.stream("GOOG", start_sequence=place)
    await unchanged.until(lambda m: m.HasField("heartbeat"), "a heartbeat")
    assert not [m for m in unchanged.messages if m.HasField("quotes") or m.HasField("gap")]
    for step in range(5):
        await gateway.tick(GOOG, 752.0 + step, 752.5 + step)
    await unchanged.quote("GOOG", 756.0)
    resumed = service.stream("GOOG", start_sequence=place)
    message = await resumed.until(lambda m: m.HasField("quotes"), "the newer quote")
    assert [(q.instrument_id, q.bid) for q in message.quotes.quotes] == [("GOOG", 756.0)]
    assert [m.gap.dropped for m in resumed.messages if m.HasField("gap")] == [4]
    assert message.quotes.sequence >= place + 5


async def test_a_drain_says_so_and_the_process_ends_clean(start: Start) -> None:
    service = await start()
    stream = service.stream("GOOG")
    await stream.quote("GOOG")
    assert service.process is not None
    service.process.send_signal(signal.SIGTERM)
    closing = await stream.until(lambda m: m.HasField("closing"), "the closing message")
    assert closing.closing.reason == "DRAINING"
    async with asyncio.timeout(5):
        assert await service.process.wait() == 0


async def test_metrics_are_served(start: Start) -> None:
    service = await start()
    await service.stream("GOOG").quote("GOOG")
    url = f"http://127.0.0.1:{service.metrics_port}/metrics"
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(url).read().decode())
    assert "hedgerow_market_data_link_ready 1.0" in text
    assert "hedgerow_market_data_readers 1.0" in text


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_the_research_tape_survives(start: Start, gateway: Gateway, ending: int) -> None:
    service = await start(record=True)
    stream = service.stream("GOOG", CALL_ID)
    await stream.quote(CALL_ID)
    for step in range(10):
        await gateway.tick(GOOG, 750.0 + step, 751.0 + step)
    await gateway.tick(GOOG, None, 760.5)
    await stream.until(lambda m: any(not q.HasField("bid") for q in m.quotes.quotes), "the last quote")
    folder = service.state.root / "recording"
    if ending == signal.SIGKILL:
        await _until_on_disk(folder / ".chunks")
    await service.stop(ending)
    tape_file = folder / "GOOG-2015-12-24.parquet"
    if ending == signal.SIGKILL:
        assert not tape_file.exists()
        await service.start()  # what the kill left behind is joined now
        await _until_on_disk(folder)
    tape = read_tape(tape_file)
    assert tape.meta.underlying == GOOG
    assert tape.meta.instruments == (GOOG, CALL)
    bids = tape.bid[tape.instrument == 0].tolist()
    assert bids[0] == 749.0
    assert 759.0 in bids
    assert tape.ask[tape.instrument == 0][-1] == 760.5
    assert bids[-1] != bids[-1]
    assert not list(folder.rglob("*.part"))


async def _until_on_disk(folder: Path) -> None:
    pattern = "*/*.parquet" if folder.name == ".chunks" else "*.parquet"
    await until(lambda: list(folder.glob(pattern)), f"a file in {folder}")
