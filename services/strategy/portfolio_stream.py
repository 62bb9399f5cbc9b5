"""The option legs: found in the account, adopted on the record, then followed as portfolio reports them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from decimal import Decimal

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.period import market_day
from hedgerow.domain.position import MANUAL, Position
from hedgerow.rpc.retry import reconnecting
from hedgerow.strategy.kit.config import StrategyConfig
from hedgerow.strategy.kit.legs import adoptable
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.observation import MAX_LEGS, ObservationCause
from hedgerow.tape.sessions import days_to_expiry, session
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import broker_link_from_wire, decimal_from_wire, decimal_to_wire, instrument_from_wire
from services.strategy.inputs import LINK_UNKNOWN, Inputs, Leg

Evaluate = Callable[[ObservationCause], None]
RETRY_S = 0.2


class PortfolioStream:
    """Follows positions of every owner: the strategy's are legs, MANUAL options are candidates."""

    def __init__(
        self, channel: grpc.aio.Channel, config: StrategyConfig, params: Params, run_id: str, inputs: Inputs,
        evaluate: Evaluate, want_quotes: Callable[[set[str]], None], market_now: Callable[[], int],
        rpc_timeout_s: float, silence_s: float,
    ) -> None:  # fmt: skip
        self._stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
        self._config = config
        self._params = params
        self._run_id = run_id
        self._inputs = inputs
        self._evaluate = evaluate
        self._want_quotes = want_quotes
        self._market_now = market_now
        self._rpc_timeout_s = rpc_timeout_s
        self._silence_s = silence_s
        self._legs: dict[str, Leg] = {}
        self._candidates: dict[str, portfolio_pb2.Position] = {}
        self._adopting: asyncio.Task[None] | None = None
        self._awaited: set[str] = set()
        self._in_transit: set[str] = set()
        self._next_try = 0.0
        self._log = get_logger(stream="positions")

    async def run(self) -> None:
        """Until canceled."""

        def open_call() -> object:
            return self._stub.StreamPositions(portfolio_pb2.StreamPositionsRequest())

        messages = reconnecting(open_call, name="portfolio", silence_s=self._silence_s, on_down=self._on_down)
        async for message in messages:
            self._on_message(message)

    def _on_down(self, reason: str) -> None:
        if self._inputs.portfolio_open:
            self._log.info("stream lost", reason=reason)
            self._inputs.portfolio_open = self._inputs.positions_complete = False
            self._inputs.portfolio_link = LINK_UNKNOWN
            self._evaluate(ObservationCause.LINK)

    def _on_message(self, message: portfolio_pb2.StreamPositionsResponse) -> None:
        inputs = self._inputs
        kind = message.WhichOneof("event")
        if kind == "snapshot":
            inputs.portfolio_open = True
            inputs.positions_complete = message.snapshot.complete
            inputs.position_break = _break_of(message.snapshot.breaks, inputs.symbol)
            self._legs.clear()
            inputs.closed_legs.clear()
            inputs.transferred = Position()
            self._candidates.clear()
            self._awaited.clear()
            self._in_transit.clear()
            for position in message.snapshot.positions:
                self._take(position)
            self._follow()
            self._evaluate(ObservationCause.POSITION)
        elif kind == "position":
            self._take(message.position)
            self._follow()
            self._evaluate(ObservationCause.POSITION)
        elif kind == "link":
            inputs.portfolio_open = True
            inputs.portfolio_link = broker_link_from_wire("link", message.link)
            self._evaluate(ObservationCause.LINK)

    def _take(self, position: portfolio_pb2.Position) -> None:
        instrument = instrument_from_wire("position.instrument", position.instrument)
        if position.account != self._config.account or instrument.symbol != self._inputs.symbol:
            return
        if not instrument.is_option:
            if position.owner == self._config.name:
                self._inputs.transferred = _transferred(position)
            return
        key = instrument.instrument_id
        quantity = decimal_from_wire("position.quantity", position.quantity)
        if position.owner == self._config.name:
            if quantity == 0:
                self._legs.pop(key, None)
                leg = _leg(instrument, position)
                self._inputs.closed_legs[key] = (leg.realized_pnl, leg.commissions)
            else:
                self._legs[key] = _leg(instrument, position)
                self._inputs.closed_legs.pop(key, None)
                self._in_transit.discard(key)
        elif position.owner == MANUAL:
            if quantity == 0:
                self._candidates.pop(key, None)
                self._awaited.discard(key)
            else:
                self._candidates[key] = position

    def _follow(self) -> None:
        """Quotes of candidates are wanted before they are adopted, so that greeks are ready at once."""
        candidates = set(self._candidates) if self._config.adopt == "matching" else set()
        self._want_quotes(set(self._legs) | {key for key in candidates if self._in_window(key)})
        self._show_legs()

    def _show_legs(self) -> None:
        """Shows the decisions the legs, but no straddle half adopted: it would be hedged as a naked call.

        What they see stays as it is while an adoption is under way; a run that starts with nothing hedged shows no
        leg before it is known which candidates join.
        """
        inputs = self._inputs
        starting = not inputs.legs and inputs.reports_known and inputs.stock.quantity == 0
        if not self._awaited | self._in_transit and not (starting and self._in_question()):
            inputs.legs = dict(self._legs)

    def _dte(self, instrument: Instrument) -> int:
        assert instrument.expiry is not None
        return days_to_expiry(instrument.expiry, market_day(self._market_now()))

    def _candidate(self, key: str) -> Instrument:
        return instrument_from_wire("position.instrument", self._candidates[key].instrument)

    def _in_window(self, key: str) -> bool:
        return self._params.min_dte <= self._dte(self._candidate(key)) <= self._params.max_dte

    def _matches(self, key: str, spot: float) -> bool:
        instrument = self._candidate(key)
        assert instrument.strike is not None
        return adoptable(self._params, self._dte(instrument), float(instrument.strike), spot)

    def _spot(self) -> float | None:
        """The underlying's mid in session, None while there is none to judge by."""
        entry = self._inputs.underlying
        hours = session(market_day(self._market_now()))
        if entry is None or hours is None or not hours[0] < entry.quote.event_time <= hours[1]:
            return None
        return entry.quote.mid

    def _in_question(self) -> list[str]:
        """Candidates to take over; without a spot to judge by, those that may turn out to be."""
        if self._config.adopt != "matching" or not self._candidates:
            return []
        spot = self._spot()
        room = MAX_LEGS - len(self._legs)
        keys = sorted(self._candidates)
        return [key for key in keys if (self._in_window(key) if spot is None else self._matches(key, spot))][:room]

    def consider_adoption(self) -> None:
        """Takes over candidates that match the structure, once there is an in-session spot to judge by."""
        if not self._candidates or not self._inputs.positions_complete or time.monotonic() < self._next_try:
            return
        if self._adopting is not None and not self._adopting.done():
            return
        matching = self._in_question() if self._spot() is not None else []
        self._awaited = set(matching)
        asked = [key for key in matching if key not in self._in_transit]
        if asked:
            self._adopting = asyncio.create_task(self._adopt(asked))
        else:
            self._show_legs()

    async def _adopt(self, keys: list[str]) -> None:
        for key in keys:
            position = self._candidates.get(key)
            if position is None:
                continue
            self._in_transit.add(key)
            entry = self._inputs.quotes.get(key)
            mid = entry.quote.mid if entry is not None else None
            request = portfolio_pb2.AdoptPositionRequest(
                account=position.account,
                instrument_id=key,
                strategy=self._config.name,
                quantity=position.quantity,
                operator=common_pb2.Operator(
                    request_id=f"{self._run_id}-adopt-{key.replace(' ', '-')}"[:64],
                    actor=f"strategy {self._config.name}",
                    reason="adopt: matching",
                ),
            )
            if mid is not None:
                request.price.CopyFrom(decimal_to_wire(_price(mid)))
            try:
                await self._stub.AdoptPosition(request, timeout=self._rpc_timeout_s)
            except grpc.aio.AioRpcError as error:
                self._in_transit.discard(key)
                self._next_try = time.monotonic() + RETRY_S
                self._log.warning("adoption failed", instrument=key, code=error.code().name, details=error.details())
                return
            self._log.info("adopted", instrument=key, quantity=position.quantity.value, mark=mid)


def _price(mid: float) -> Decimal:
    """A mid as an exact price with at most six digits behind the point."""
    return Decimal(repr(round(mid, 6)))


def _leg(instrument: Instrument, position: portfolio_pb2.Position) -> Leg:
    return Leg(
        instrument,
        decimal_from_wire("position.quantity", position.quantity),
        decimal_from_wire("position.average_price", position.average_price),
        decimal_from_wire("position.realized_pnl", position.realized_pnl),
        decimal_from_wire("position.commissions", position.commissions),
    )


def _transferred(position: portfolio_pb2.Position) -> Position:
    """The part of a position that no execution tells."""
    if not position.HasField("transferred"):
        return Position()
    part = position.transferred
    return Position(
        decimal_from_wire("transferred.quantity", part.quantity),
        decimal_from_wire("transferred.average_price", part.average_price),
        decimal_from_wire("transferred.realized_pnl", part.realized_pnl),
    )


def _break_of(breaks: Iterable[portfolio_pb2.PositionBreak], symbol: str) -> str:
    """The first difference between ledger and broker that concerns the symbol, in words; empty without one."""
    for difference in sorted(breaks, key=lambda each: each.settling):
        if difference.instrument_id.split(" ")[0] == symbol:
            code = "POSITION_UNSETTLED" if difference.settling else "POSITION_BREAK"
            return (
                f"{code} {difference.instrument_id}: journal {difference.ledger_quantity.value}, "
                f"broker {difference.broker_quantity.value}"
            )
    return ""
