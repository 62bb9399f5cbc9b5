"""What the decisions see of a straddle while it is taken over, leg by leg, over a real stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import grpc

from hedgerow.api.portfolio.v1 import portfolio_pb2 as pb
from hedgerow.api.portfolio.v1 import portfolio_pb2_grpc
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import Position
from hedgerow.domain.quote import Quote
from hedgerow.rpc.channel import open_channel
from hedgerow.settings import load
from hedgerow.strategy.gamma_scalper.config import effective_limits, params
from hedgerow.strategy.observation import ObservationCause
from hedgerow.wire.common import decimal_to_wire, instrument_to_wire
from services.strategy.domain.own_position import OwnPosition
from services.strategy.inputs import Inputs
from services.strategy.portfolio_stream import PortfolioStream

CALL, PUT = "GOOG 20160115 750 C", "GOOG 20160115 750 P"
IN_SESSION = 1_450_967_460_000_000_000  # 2015-12-24 09:31 New York
STRATEGY = load(None, ("strategies.0.underlying.symbol=GOOG",)).strategies[0]
MINE = STRATEGY.name


def _position(key: str, owner: str, quantity: int) -> pb.Position:
    nothing = decimal_to_wire(Decimal(0))
    return pb.Position(
        account=STRATEGY.account, owner=owner, instrument=instrument_to_wire(parse_instrument_id(key)),
        quantity=decimal_to_wire(Decimal(quantity)), average_price=decimal_to_wire(Decimal("13.5")),
        realized_pnl=nothing, commissions=nothing,
    )  # fmt: skip


def _change(key: str, owner: str, quantity: int) -> pb.StreamPositionsResponse:
    return pb.StreamPositionsResponse(position=_position(key, owner, quantity))


def _snapshot(*positions: pb.Position) -> pb.StreamPositionsResponse:
    return pb.StreamPositionsResponse(snapshot=pb.PositionSnapshot(complete=True, positions=positions))


class Portfolio(portfolio_pb2_grpc.PortfolioServiceServicer):
    """Says on the stream what the test tells it to, and notes the adoptions asked for."""

    def __init__(self) -> None:
        self.say: asyncio.Queue[pb.StreamPositionsResponse] = asyncio.Queue()
        self.asked: list[str] = []
        self.refuse: set[str] = set()

    async def StreamPositions(self, request: Any, context: Any) -> AsyncIterator[pb.StreamPositionsResponse]:
        while True:
            yield await self.say.get()

    async def AdoptPosition(self, request: pb.AdoptPositionRequest, context: Any) -> pb.AdoptPositionResponse:
        self.asked.append(request.instrument_id)
        if request.instrument_id in self.refuse:
            self.refuse.discard(request.instrument_id)
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the disk fails")
        return pb.AdoptPositionResponse()


class World:
    """A portfolio, the strategy's stream to it, and the legs every evaluation saw."""

    def __init__(self, portfolio: Portfolio, inputs: Inputs, stream: PortfolioStream, seen: list[set[str]]) -> None:
        self.portfolio = portfolio
        self.inputs = inputs
        self.stream = stream
        self.seen = seen

    def quote(self, key: str, mid: float) -> None:
        self.inputs.add_quote(Quote(key, mid - 0.1, mid + 0.1, 1, 1, IN_SESSION, 0, time.monotonic_ns()))

    async def say(self, *messages: pb.StreamPositionsResponse) -> None:
        before = len(self.seen)
        for message in messages:
            await self.portfolio.say.put(message)
        await until(lambda: len(self.seen) == before + len(messages))

    async def adopted(self, *keys: str) -> None:
        """Asks for adoption until these were asked for."""

        def asked() -> bool:
            self.stream.consider_adoption()
            return self.portfolio.asked == list(keys)

        await until(asked)


async def until(done: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not done():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    portfolio = Portfolio()
    server = grpc.aio.server()
    portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server(portfolio, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    inputs = Inputs("GOOG", reports_known=True)
    seen: list[set[str]] = []

    def evaluate(cause: ObservationCause) -> None:
        if cause is ObservationCause.POSITION:
            seen.append(set(inputs.legs))

    channel = open_channel("127.0.0.1", port)
    stream = PortfolioStream(
        channel, STRATEGY, params(STRATEGY, effective_limits(STRATEGY, 60_000)), "run", inputs, evaluate,
        lambda _: None, lambda: IN_SESSION, 5.0, 30.0,
    )  # fmt: skip
    following = asyncio.create_task(stream.run())
    try:
        yield World(portfolio, inputs, stream, seen)
    finally:
        following.cancel()
        await asyncio.wait((following,))
        await channel.close()
        await server.stop(None)


async def test_a_straddle_is_never_seen_half_adopted() -> None:
    async with world() as w:
        w.quote("GOOG", 749.1)
        await w.say(_snapshot(_position(CALL, "MANUAL", 20), _position(PUT, "MANUAL", 20)))
        await w.adopted(CALL, PUT)
        await w.say(
            _change(CALL, "MANUAL", 0), _change(CALL, MINE, 20), _change(PUT, "MANUAL", 0), _change(PUT, MINE, 20)
        )
        assert w.seen == [set(), set(), set(), set(), {CALL, PUT}]


async def test_a_spot_that_goes_away_meanwhile_changes_nothing() -> None:
    async with world() as w:
        w.quote("GOOG", 749.1)
        await w.say(_snapshot(_position(CALL, "MANUAL", 20), _position(PUT, "MANUAL", 20)))
        await w.adopted(CALL, PUT)
        w.inputs.quotes.clear()
        await w.say(_change(CALL, "MANUAL", 0), _change(CALL, MINE, 20))
        assert w.seen[-1] == set()
        await w.say(_change(PUT, "MANUAL", 0), _change(PUT, MINE, 20))
        assert w.seen[-1] == {CALL, PUT}


async def test_a_restart_between_the_two_legs_finishes_the_adoption_before_legs_are_shown() -> None:
    async with world() as w:
        await w.say(_snapshot(_position(CALL, MINE, 20), _position(PUT, "MANUAL", 20)))
        assert w.seen[-1] == set()
        w.quote("GOOG", 749.1)
        await w.adopted(PUT)
        await w.say(_change(PUT, "MANUAL", 0), _change(PUT, MINE, 20))
        assert w.seen[-1] == {CALL, PUT}


async def test_legs_are_shown_once_a_candidate_turns_out_not_to_match() -> None:
    async with world() as w:
        await w.say(_snapshot(_position(CALL, MINE, 20), _position("GOOG 20160115 900 P", "MANUAL", 20)))
        assert w.seen[-1] == set()
        w.quote("GOOG", 749.1)
        w.stream.consider_adoption()
        assert set(w.inputs.legs) == {CALL}
        assert w.portfolio.asked == []


async def test_a_failed_adoption_is_tried_again_and_nothing_half_is_shown() -> None:
    async with world() as w:
        w.portfolio.refuse.add(PUT)
        w.quote("GOOG", 749.1)
        await w.say(_snapshot(_position(CALL, "MANUAL", 20), _position(PUT, "MANUAL", 20)))
        await w.adopted(CALL, PUT)
        await w.say(_change(CALL, "MANUAL", 0), _change(CALL, MINE, 20))
        assert w.seen[-1] == set()
        await w.adopted(CALL, PUT, PUT)
        await w.say(_change(PUT, "MANUAL", 0), _change(PUT, MINE, 20))
        assert w.seen[-1] == {CALL, PUT}


async def test_a_lost_stream_starts_from_what_the_next_one_says() -> None:
    async with world() as w:
        w.quote("GOOG", 749.1)
        await w.say(_snapshot(_position(CALL, "MANUAL", 20), _position(PUT, "MANUAL", 20)))
        await w.adopted(CALL, PUT)
        await w.say(_snapshot(_position(CALL, MINE, 20), _position(PUT, MINE, 20)))
        assert w.seen[-1] == {CALL, PUT}


def _shares(quantity: int, price: str = "", realized: str = "0") -> pb.StreamPositionsResponse:
    message = _change("GOOG", MINE, quantity)
    if price:
        message.position.transferred.CopyFrom(
            pb.TransferredPart(
                quantity=decimal_to_wire(Decimal(quantity)), average_price=decimal_to_wire(Decimal(price)),
                realized_pnl=decimal_to_wire(Decimal(realized)),
            )
        )  # fmt: skip
    return message


async def test_shares_of_an_exercise_are_the_strategys_beside_its_own_fills() -> None:
    async with world() as w:
        w.inputs.position = OwnPosition(Position(Decimal(-900), Decimal(760), Decimal(50)))
        await w.say(_snapshot(_position(CALL, MINE, 20)), _shares(-900))
        assert w.inputs.stock == w.inputs.position.position
        closed = _change(CALL, MINE, 0)
        closed.position.realized_pnl.CopyFrom(decimal_to_wire(Decimal(-27000)))
        await w.say(closed, _shares(2000, "750"))
        assert w.inputs.stock == Position(Decimal(1100), Decimal(750), Decimal(50) + 900 * (760 - 750))
        assert w.inputs.legs == {}
        assert w.inputs.options_realized_pnl == -27000
        await w.say(_snapshot())
        assert w.inputs.stock.quantity == -900
        assert w.inputs.options_realized_pnl == 0


async def test_an_option_that_left_holds_hedges_back_until_it_is_explained() -> None:
    async with world() as w:
        leaving = _snapshot(_position(CALL, MINE, 20))
        difference = pb.PositionBreak(
            instrument_id=CALL, ledger_quantity=decimal_to_wire(Decimal(20)),
            broker_quantity=decimal_to_wire(Decimal(0)), settling=True,
        )  # fmt: skip
        leaving.snapshot.breaks.append(difference)
        await w.say(leaving)
        assert w.inputs.position_break == f"POSITION_UNSETTLED {CALL}: journal 20, broker 0"
        leaving.snapshot.breaks.append(
            pb.PositionBreak(
                instrument_id="GOOG", ledger_quantity=decimal_to_wire(Decimal(5)),
                broker_quantity=decimal_to_wire(Decimal(7)),
            )
        )  # fmt: skip
        await w.say(leaving)
        assert w.inputs.position_break == "POSITION_BREAK GOOG: journal 5, broker 7"
        await w.say(_snapshot())
        assert w.inputs.position_break == ""
