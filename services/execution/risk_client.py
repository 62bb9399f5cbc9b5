"""Risk's verdicts over one long-lived stream: a missing answer is a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderCheck, Verdict
from hedgerow.failpoints import failpoint
from hedgerow.rpc.errors import canceled_itself
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.risk import check_to_wire, verdict_from_wire
from services.execution.ports import RiskUnavailable

FIRST_RETRY_S, LAST_RETRY_S = 0.05, 1.0

Call = grpc.aio.StreamStreamCall[risk_pb2.CheckOrdersRequest, risk_pb2.CheckOrdersResponse]


class RiskClient:
    """Implements ports.RiskCheck over RiskService.CheckOrders; `run` keeps the stream open."""

    def __init__(
        self, channel: grpc.aio.Channel, timeout_s: float, resync: Callable[[], risk_pb2.Resync],
        on_change: Callable[[], None],
    ) -> None:  # fmt: skip
        self._stub = risk_pb2_grpc.RiskServiceStub(channel)
        self._timeout_s = timeout_s
        self._resync = resync
        self._on_change = on_change
        self._call: Call | None = None
        self._write_lock = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Verdict]] = {}
        self._log = get_logger(stream="check_orders")

    @property
    def connected(self) -> bool:
        """Whether a stream is open and has our open orders."""
        return self._call is not None

    async def run(self) -> None:
        """Opens the stream again and again until cancelled."""
        delay = FIRST_RETRY_S
        while True:
            call: Call = self._stub.CheckOrders()
            why = "risk ended the stream"
            try:
                failpoint("risk_client.resync")
                await call.write(risk_pb2.CheckOrdersRequest(resync=self._resync()))
                self._open(call)
                async for message in call:
                    delay = FIRST_RETRY_S
                    kind = message.WhichOneof("event")
                    if kind == "verdict":
                        self._answer(message.verdict)
                    elif kind == "closing":
                        why = f"risk ended the stream: {message.closing.reason}"
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
                why = error.details() or error.code().name if isinstance(error, grpc.aio.AioRpcError) else str(error)
            except asyncio.CancelledError:
                if canceled_itself():
                    raise
                why = "a check was given up within its write, which cancels the call"
            finally:
                call.cancel()
                self._close()
            self._log.warning("risk stream down", cause=why, retry_in_s=delay)
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_RETRY_S)

    async def check(self, check: OrderCheck) -> Verdict:
        """The verdict on that intent; raises RiskUnavailable when there is none in time."""
        call = self._call
        if call is None:
            raise RiskUnavailable("risk is not connected")
        if check.intent_id in self._waiting:
            raise RiskUnavailable("this intent is being checked already")
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[check.intent_id] = future
        try:
            async with asyncio.timeout(self._timeout_s):
                failpoint("risk_client.ask")
                await self._write(call, risk_pb2.CheckOrdersRequest(check=check_to_wire(check)))
                failpoint("risk_client.asked")
                return await future
        except TimeoutError as error:
            raise RiskUnavailable(f"no verdict in {self._timeout_s:g} s") from error
        finally:
            del self._waiting[check.intent_id]

    async def resync(self) -> None:
        """Sends the full set of orders that hold exposure; a stream that opens does so by itself."""
        call = self._call
        if call is not None:
            try:
                await self._write(call, risk_pb2.CheckOrdersRequest(resync=self._resync()))
            except RiskUnavailable as error:
                self._log.warning("resync not sent", cause=str(error))

    async def _write(self, call: Call, message: risk_pb2.CheckOrdersRequest) -> None:
        try:
            async with self._write_lock:
                await call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise RiskUnavailable("the stream to risk broke") from error

    def _answer(self, message: risk_pb2.Verdict) -> None:
        failpoint("risk_client.answer")
        future = self._waiting.get(message.intent_id)
        if future is None or future.done():
            return
        try:
            future.set_result(verdict_from_wire("verdict", message))
        except InvalidValue as error:
            future.set_exception(RiskUnavailable(f"an answer that is no verdict: {error}"))

    def _open(self, call: Call) -> None:
        failpoint("risk_client.opened")
        self._call = call
        self._log.info("risk stream open")
        self._on_change()

    def _close(self) -> None:
        was_open, self._call = self._call is not None, None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RiskUnavailable("the stream to risk broke"))
        if was_open:
            self._on_change()
