"""Quotes through the real client library from the simulated gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.domain.errors import FailedPrecondition, NotFound
from hedgerow.domain.instrument import stock
from hedgerow.domain.quote import Quote
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.history import list_bars
from hedgerow.ib.link import IbLink
from hedgerow.ib.market_data import QuoteFeed
from tests.integration.ib.gateway import CALL, GOOG, PUT, START_NS, Gateway, ready, until

REQUEST_CONTRACT_DATA = 9


class Desk:
    """A link, a feed, and every quote it gave."""

    def __init__(self, gateway: Gateway, **changes: object) -> None:
        self.link = IbLink(gateway.broker(**changes), 11, "market-data", gateway.clock)
        self.contracts = ContractBook(self.link)
        self.quotes: list[Quote] = []
        self.feed = QuoteFeed(self.link, self.contracts, self.quotes.extend)

    def last(self, instrument_id: str) -> Quote | None:
        """The newest quote of an instrument."""
        return next((quote for quote in reversed(self.quotes) if quote.instrument_id == instrument_id), None)


@pytest.fixture
async def desk(gateway: Gateway) -> AsyncIterator[Desk]:
    desk = Desk(gateway)
    await ready(desk.link)
    yield desk
    desk.feed.close()
    await desk.link.close()


async def test_a_subscription_begins_with_the_current_quote(desk: Desk) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    quote = desk.last("GOOG")
    assert quote is not None
    assert quote[:6] == ("GOOG", 749.0, 749.2, 100.0, 200.0, START_NS)
    assert not quote.delayed
    assert quote.monotonic_time > 0


async def test_an_unchanged_quote_sent_again_has_new_times(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    before = desk.quotes[-1]
    await gateway.tick(GOOG, 749.0, 749.2, bid_size=100, ask_size=200)
    await until(lambda: desk.quotes[-1].monotonic_time > before.monotonic_time, "the repeated quote")
    after = desk.quotes[-1]
    assert after[1:5] == before[1:5]
    assert after.event_time >= before.event_time


async def test_one_tick_is_one_quote(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    count = len(desk.quotes)
    for step in range(20):
        await gateway.tick(GOOG, 750.0 + step, 750.5 + step, bid_size=10 + step, ask_size=20)
    await until(lambda: desk.quotes[-1].bid == 769.0, "the last tick")
    quotes = desk.quotes[count:]
    assert [(q.bid, q.ask, q.bid_size) for q in quotes] == [(750.0 + s, 750.5 + s, 10.0 + s) for s in range(20)]


async def test_an_absent_side_is_none(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(PUT)
    await until(lambda: desk.last(PUT.instrument_id), "first quote")
    await gateway.tick(PUT, None, 13.5)
    await until(lambda: desk.quotes[-1].bid is None, "a one-sided quote")
    assert desk.quotes[-1].ask == 13.5
    assert desk.quotes[-1].bid_size == 0.0


async def test_a_line_the_broker_was_too_slow_for_is_asked_for_again(gateway: Gateway) -> None:
    desk = Desk(gateway, request_timeout_s=0.2)
    await ready(desk.link)
    try:
        await gateway.admin("mute", ids=[REQUEST_CONTRACT_DATA])
        await desk.feed.subscribe(CALL)
        assert desk.last(CALL.instrument_id) is None
        await gateway.admin("mute", ids=[])
        await until(lambda: desk.last(CALL.instrument_id), "first quote")
    finally:
        await gateway.admin("mute", ids=[])
        desk.feed.close()
        await desk.link.close()


async def test_broker_greeks_come_in_our_units(desk: Desk) -> None:
    await desk.feed.subscribe(GOOG)
    await desk.feed.subscribe(CALL)
    await until(lambda: (q := desk.last(CALL.instrument_id)) is not None and q.broker_greeks, "greeks")
    quote = desk.last(CALL.instrument_id)
    assert quote is not None
    greeks = quote.broker_greeks
    assert greeks is not None
    assert greeks.source == "BROKER"
    assert 0.4 < greeks.delta < 0.6
    assert 70 < greeks.vega < 100  # per 1.00 of volatility
    assert -200 < greeks.theta < -50  # per year
    assert 0.1 < greeks.implied_volatility < 0.3


async def test_lines_are_counted_and_limited(gateway: Gateway) -> None:
    desk = Desk(gateway, market_data_lines=2)
    await ready(desk.link)
    await desk.feed.subscribe(GOOG)
    await desk.feed.subscribe(CALL)
    await desk.feed.subscribe(CALL)
    with pytest.raises(FailedPrecondition, match="all 2 market-data lines") as refused:
        await desk.feed.subscribe(PUT)
    assert refused.value.reason == "MARKET_DATA_LINES"
    desk.feed.unsubscribe(CALL.instrument_id)
    await desk.feed.subscribe(PUT)
    await until(lambda: desk.last(PUT.instrument_id), "the freed line's quote")
    assert desk.feed.lines_used == 2
    await desk.link.close()


async def test_an_unknown_instrument_is_named_and_takes_no_line(desk: Desk) -> None:
    with pytest.raises(NotFound, match="XYZ"):
        await desk.feed.subscribe(stock("XYZ"))
    assert desk.feed.lines_used == 0


async def test_lines_come_back_after_a_lost_connection(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    count = len(desk.quotes)
    await gateway.admin("drop", abort=True)
    await until(lambda: len(desk.quotes) > count, "a quote on the new connection")
    await gateway.tick(GOOG, 740.0, 740.1)
    await until(lambda: desk.quotes[-1].bid == 740.0, "a live tick")


async def test_lines_subscribed_while_away_open_when_the_gateway_comes(gateway: Gateway) -> None:
    await gateway.stop()
    desk = Desk(gateway)
    desk.link.start()
    await until(lambda: desk.link.state.next_retry_time > 0, "a failed attempt")
    await desk.feed.subscribe(GOOG)
    assert desk.feed.lines_used == 1
    await gateway.start()
    await until(lambda: desk.last("GOOG"), "a quote", 15)
    await desk.link.close()


async def test_1101_asks_for_every_line_again(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    count = len(desk.quotes)
    await gateway.admin("error", code=1100, message="lost")
    await until(lambda: not desk.link.ready, "1100")
    assert desk.link.state.reason == "CONNECTIVITY_LOST"
    await gateway.admin("error", code=1101, message="back, data lost")
    await until(lambda: desk.link.ready and len(desk.quotes) > count, "quotes after 1101")


async def test_1102_verifies_the_flow(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    count = len(desk.quotes)
    await gateway.admin("error", code=1100, message="lost")
    await gateway.admin("error", code=1102, message="back")
    await until(lambda: desk.link.ready, "ready")
    await until(lambda: len(desk.quotes) > count, "the silent line asked for again")


async def test_a_broken_data_farm_is_told_and_mended(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    count = len(desk.quotes)
    await gateway.admin("error", code=2103, message="Market data farm connection is broken:usfarm")
    await until(lambda: desk.feed.trouble, "trouble")
    assert "usfarm" in desk.feed.trouble
    await gateway.admin("error", code=2104, message="Market data farm connection is OK:usfarm")
    await until(lambda: not desk.feed.trouble and len(desk.quotes) > count, "lines asked for again")


async def test_a_competing_session_is_told_and_asked_again_until_it_clears(desk: Desk, gateway: Gateway) -> None:
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    request_id = next(iter(desk.feed._by_request))
    await gateway.admin("error", req_id=request_id, code=10197, message="No market data during competing live session")
    await until(lambda: "COMPETING_SESSION" in desk.feed.trouble, "trouble")
    await until(lambda: not desk.feed.trouble, "the line asked for again")


async def test_delayed_data_is_marked(tmp_path: object) -> None:
    gateway = Gateway(tmp_path, market_data="delayed")  # type: ignore[arg-type]
    await gateway.start()
    desk = Desk(gateway)
    await ready(desk.link)
    await desk.feed.subscribe(GOOG)
    await until(lambda: desk.last("GOOG"), "first quote")
    assert desk.quotes[-1].delayed
    assert desk.feed.lines()[0].delayed
    await desk.link.close()
    await gateway.stop()


async def test_option_chain_and_bars(desk: Desk) -> None:
    chain = await desk.contracts.chain(GOOG)
    assert [(str(expiry.expiry), [str(s) for s in expiry.strikes], expiry.multiplier) for expiry in chain] == [
        ("2016-01-22", ["747.5", "750"], 100)
    ]
    bars = await list_bars(desk.link, desk.contracts, GOOG, START_NS, 60, 5)
    assert len(bars) == 5
    assert bars[-1].start_time == START_NS - 60_000_000_000
    assert bars[-1].close == pytest.approx(749.1)


async def test_resolving_tells_number_and_tick(desk: Desk) -> None:
    resolved = await desk.contracts.resolve(CALL)
    assert resolved.instrument == CALL
    assert resolved.contract_number > 0
    assert str(resolved.min_tick) == "0.01"
