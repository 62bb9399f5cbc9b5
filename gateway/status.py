"""What control and portfolio push: kept here, encoded once for all who ask, whoever asks how often."""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import grpc

from gateway.errors import refused
from gateway.snapshot import build, keep_strategy, reduced_to_stale
from gateway.streams import Lines
from gateway.transcode import dump, result_line
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.errors import HedgerowError
from hedgerow.rpc.retry import reconnecting
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.telemetry.logs import get_logger

ACCOUNTS_INTERVAL_S = 2.0
_RETRY_S = 2.0
_IDLE_S = 60.0
CONTROL, PORTFOLIO = "control", "portfolio"
EMPTY = portfolio_pb2.GetPortfolioResponse()


class _Line(NamedTuple):
    kind: str
    line: bytes


class ControlFeed:
    """The one WatchStatus call of this gateway; its readers share each message's bytes, latest wins per kind."""

    def __init__(self, channel: grpc.aio.Channel, silence_s: float) -> None:
        self._watch = control_pb2_grpc.ControlServiceStub(channel).WatchStatus
        self._silence_s = silence_s
        self._readers = _broadcast()
        self._status: _Line | None = None
        self.message = control_pb2.Status()
        self.version = 0
        self.heard = float("-inf")

    @property
    def fresh(self) -> bool:
        """Whether control was heard within the limit."""
        return time.monotonic() - self.heard <= self._silence_s

    async def run(self) -> None:
        """Follows control for ever."""
        while True:
            try:
                await self._follow()
            except HedgerowError as error:  # something that is not our control answers at its address
                self._lost("CONTROL_UNREACHABLE")
                get_logger().error("control does not stream its status", error=str(error))
                await asyncio.sleep(_RETRY_S)

    async def _follow(self) -> None:
        request = control_pb2.WatchStatusRequest()
        stream = reconnecting(lambda: self._watch(request), name=CONTROL, silence_s=self._silence_s, on_down=self._lost)
        async for message in stream:
            self._take(message)

    def _take(self, message: control_pb2.WatchStatusResponse) -> None:
        kind = message.WhichOneof("event")
        if kind == "closing":
            return  # the stream ends next; our readers outlive it
        self.heard = time.monotonic()
        if kind == "status":
            self.message = message.status
        elif kind == "heartbeat":  # nothing changed: what is known is true as of now
            self.message.create_time.CopyFrom(message.heartbeat.send_time)
            if message.heartbeat.HasField("market_time"):
                self.message.market_time.CopyFrom(message.heartbeat.market_time)
        self.version += 1
        line = _Line(kind or "", result_line(message))
        if kind == "status":
            self._status = line
        self._readers.publish(line)

    def _lost(self, reason: str) -> None:
        self._status = None
        readers, self._readers = self._readers, _broadcast()
        readers.close(reason)

    async def lines(self) -> Lines:
        """The status now, then every change; raises HttpError 503 while control is not heard."""
        if self._status is None:
            raise _unreachable()
        with self._readers.subscribe(initial=(self._status,)) as reader:
            async for batch in reader.batches(_IDLE_S):
                for item in batch.items:
                    yield item.line
                if batch.closing:
                    raise _unreachable()


class PortfolioFeed:
    """Positions as portfolio streams them; accounts as it last fetched them."""

    def __init__(self, channel: grpc.aio.Channel, silence_s: float, timeout_s: float) -> None:
        self._stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
        self._silence_s, self._timeout_s = silence_s, timeout_s
        self._changed = asyncio.Event()
        self.positions: dict[tuple[str, str, str], portfolio_pb2.Position] = {}
        self.portfolio = EMPTY
        self.version = 0

    def ask_accounts(self) -> None:
        """Fetches what portfolio knows of accounts soon: someone had it refreshed."""
        self._changed.set()

    async def run_positions(self) -> None:
        """Follows positions for ever."""
        request = portfolio_pb2.StreamPositionsRequest()
        while True:
            try:
                stream = reconnecting(
                    lambda: self._stub.StreamPositions(request), name=PORTFOLIO, silence_s=self._silence_s
                )
                async for message in stream:
                    self._take(message)
            except HedgerowError as error:
                get_logger().error("portfolio does not stream positions", error=str(error))
                await asyncio.sleep(_RETRY_S)

    def _take(self, message: portfolio_pb2.StreamPositionsResponse) -> None:
        kind = message.WhichOneof("event")
        if kind == "snapshot":
            self.positions = {_key(each): each for each in message.snapshot.positions}
        elif kind == "position":
            self.positions[_key(message.position)] = message.position
        else:
            return
        self.version += 1

    def _take_marks(self, portfolio: portfolio_pb2.GetPortfolioResponse) -> None:
        """The stream tells of positions that change; their prices move on in between."""
        for each in portfolio.positions:
            known = self.positions.get(_key(each))
            if known is not None and known.quantity == each.quantity:
                self.positions[_key(each)] = each

    async def run_accounts(self) -> None:
        """Asks for accounts on an interval and when told."""
        while True:
            try:
                answer = await self._stub.GetPortfolio(portfolio_pb2.GetPortfolioRequest(), timeout=self._timeout_s)
            except grpc.aio.AioRpcError:
                pass  # what it said last stays, with the time it was fetched
            else:
                if answer != self.portfolio:
                    self.portfolio = answer
                    self._take_marks(answer)
                    self.version += 1
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), ACCOUNTS_INTERVAL_S)
            except TimeoutError:
                continue


class StatusPage:
    """`GET /status`: bytes made when something was pushed since they were made last, and only then."""

    def __init__(self, control: ControlFeed, portfolio: PortfolioFeed) -> None:
        self._control = control
        self._portfolio = portfolio
        self._made: tuple[int, int, bool] | None = None
        self._tree: dict[str, Any] = {}
        self._bytes = b""
        self._per_strategy: dict[str, bytes] = {}

    def encoded(self, strategy: str = "") -> bytes:
        """The status as JSON, of one strategy or of all."""
        state = (self._control.version, self._portfolio.version, self._control.fresh)
        if state != self._made:
            self._make(state)
        if not strategy:
            return self._bytes
        if strategy not in self._per_strategy:
            self._per_strategy[strategy] = dump(keep_strategy(self._tree, strategy))
        return self._per_strategy[strategy]

    def _make(self, state: tuple[int, int, bool]) -> None:
        portfolio = self._portfolio
        tree = build(self._control.message, portfolio.positions.values(), portfolio.portfolio)
        self._tree = tree if self._control.fresh else reduced_to_stale(tree)
        self._bytes = dump(self._tree)
        self._per_strategy.clear()
        self._made = state


def _broadcast() -> ConflatingBroadcast[_Line]:
    return ConflatingBroadcast(lambda item: item.kind)


def _key(position: portfolio_pb2.Position) -> tuple[str, str, str]:
    return position.account, position.instrument.instrument_id, position.owner


def _unreachable() -> Exception:
    return refused(grpc.StatusCode.UNAVAILABLE, "control cannot be reached", "CONTROL_UNREACHABLE")
