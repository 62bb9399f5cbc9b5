"""The two report streams: where a reader starts, everything since, and then as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import count, groupby
from typing import Any

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import AlreadyExists, HedgerowError, InvalidValue
from hedgerow.domain.order import OrderStatus
from hedgerow.failpoints import failpoint
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import closing_to_wire, heartbeat_to_wire, note_from_wire, text_from_wire
from hedgerow.wire.execution import intent_from_wire
from services.execution import messages
from services.execution.feed import Item
from services.execution.latching import LatchDesk
from services.execution.service import ExecutionService
from services.execution.submit import Acknowledgement

OUT_OF_RANGE = "OUT_OF_RANGE"
CHUNK_REPORTS = 500
"""Reports of a backlog per message."""


def _kind(item: Item) -> str:
    if item.report is not None:
        return "reports"
    return "acknowledgements" if item.acknowledgement is not None else "state"


def _fields(items: Iterable[Item]) -> Iterable[dict[str, Any]]:
    """Items as message fields, runs of one kind together."""
    for kind, run in groupby(items, _kind):
        if kind == "state":
            yield {"state": list(run)[-1].state}
        elif kind == "reports":
            yield {"reports": execution_pb2.ExecutionReportBatch(reports=[each.report for each in run if each.report])}
        else:
            told = [each.acknowledgement for each in run if each.acknowledgement]
            yield {"acknowledgements": execution_pb2.IntentAcknowledgementBatch(acknowledgements=told)}


async def _follow(
    service: ExecutionService, clock: Clock, heartbeat_s: float, strategy: str, start: int, snapshot: bool, stream: int
) -> AsyncIterator[dict[str, Any]]:
    """The fields of each message of a stream, from its start to its closing."""
    failpoint("stream.open")
    if not snapshot and start > service.published:
        yield {"closing": closing_to_wire(OUT_OF_RANGE)}
        return

    def accepts(item: Item) -> bool:
        if item.acknowledgement is not None:
            return item.stream == stream
        return not strategy or item.report is None or item.strategy == strategy

    # Subscribed before anything is awaited: what is published from here on is in the reader.
    with service.feed.subscribe(accepts) as reader:
        upto = service.published
        if snapshot:
            present = service.snapshot(strategy)
            upto = present.sequence
            await service.feed.durable(upto)
            failpoint("stream.snapshot")
            yield {"snapshot": present}
        else:
            failpoint("stream.resume")
            yield {"state": service.state()}
            backlog = [item for item in await service.feed.backlog(start, upto) if accepts(item)]
            for first in range(0, len(backlog), CHUNK_REPORTS):
                for fields in _fields(backlog[first : first + CHUNK_REPORTS]):
                    yield fields
        async for batch in reader.batches(heartbeat_s):
            for fields in _fields(item for item in batch.items if item.report is None or item.sequence > upto):
                yield fields
            if batch.idle:
                yield {"heartbeat": heartbeat_to_wire(wall_now(), clock.market_now())}
            if batch.closing:
                yield {"closing": closing_to_wire(batch.closing)}


async def report_stream(
    service: ExecutionService, clock: Clock, heartbeat_s: float, request: execution_pb2.StreamExecutionReportsRequest
) -> AsyncIterator[execution_pb2.StreamExecutionReportsResponse]:
    """Every report, of all strategies."""
    async for fields in _follow(service, clock, heartbeat_s, "", request.start_sequence, request.snapshot, 0):
        yield execution_pb2.StreamExecutionReportsResponse(**fields)


class IntentStreams:
    """Serves strategies' streams: a snapshot or the reports since `start_sequence`, then all that concerns them."""

    def __init__(self, service: ExecutionService, desk: LatchDesk, clock: Clock, heartbeat_s: float) -> None:
        self._service = service
        self._desk = desk
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._numbers = count(1)
        self._cancels: set[asyncio.Task[Any]] = set()
        self._log = get_logger(stream="intents")

    async def serve(
        self, requests: AsyncIterator[execution_pb2.IntentsRequest]
    ) -> AsyncIterator[execution_pb2.IntentsResponse]:
        """One strategy's stream; raises InvalidValue when it does not begin with a hello, or goes on as no request."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        strategy = text_from_wire("hello.strategy", first.hello.strategy)
        start, stream = first.hello.start_sequence, next(self._numbers)
        run_id = note_from_wire("hello.run_id", first.hello.run_id)
        taking: asyncio.Task[None] | None = None
        self._desk.stream_opened(strategy)
        try:
            if run_id:
                await self._began(strategy, run_id)
            taking = asyncio.create_task(self._take_all(first, requests, strategy, run_id, stream))
            async for fields in _follow(
                self._service, self._clock, self._heartbeat_s, strategy, start, start == 0, stream
            ):
                yield execution_pb2.IntentsResponse(**fields)
                if taking.done() and taking.exception() is not None:
                    # A stream nobody reads any more must not look alive to who writes to it.
                    raise InvalidValue("request", type(taking.exception()).__name__, "an IntentsRequest")
        finally:
            if taking is not None:
                taking.cancel()
            self._desk.stream_closed(strategy)

    async def _began(self, strategy: str, run_id: str) -> None:
        try:
            await self._desk.run_began(strategy, run_id)
        except HedgerowError as error:  # the stop of the run before stands a little longer
            self._log.error("a stop is not lifted", strategy=strategy, run_id=run_id, cause=str(error))

    async def _take_all(
        self, first: execution_pb2.IntentsRequest, requests: AsyncIterator[execution_pb2.IntentsRequest],
        strategy: str, run_id: str, stream: int,
    ) -> None:  # fmt: skip
        self._take(first, strategy, run_id, stream)
        async for request in requests:
            self._take(request, strategy, run_id, stream)

    def _take(self, request: execution_pb2.IntentsRequest, strategy: str, run_id: str, stream: int) -> None:
        failpoint("stream.intent")
        for message in request.intents:
            try:
                intent = intent_from_wire("intent", message)
                if intent.strategy != strategy:
                    raise InvalidValue("intent.strategy", intent.strategy, f"{strategy}, as the stream's hello said")
                if run_id and intent.run_id not in ("", run_id):  # a stopped run passes under no other name
                    raise InvalidValue("intent.run_id", intent.run_id, f"{run_id}, as the stream's hello said")
                claimed = self._service.claim(intent)
            except (InvalidValue, AlreadyExists) as error:
                refused = Acknowledgement(message.intent_id, "", OrderStatus.DENIED, error.reason, str(error), 0)
                self._acknowledge(stream, refused)
                continue
            if isinstance(claimed, Acknowledgement):
                self._acknowledge(stream, claimed)
            else:
                claimed.add_done_callback(lambda task: self._done(stream, task))
        for name in request.cancel_client_order_ids:
            task = asyncio.create_task(self._cancel(name, strategy))
            self._cancels.add(task)
            task.add_done_callback(self._cancels.discard)

    def _done(self, stream: int, task: asyncio.Task[Acknowledgement]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._acknowledge(stream, task.result())
        elif not task.cancelled():
            self._log.error("an intent was not worked", exc_info=task.exception())

    def _acknowledge(self, stream: int, answer: Acknowledgement) -> None:
        self._service.feed.acknowledge(stream, messages.acknowledgement(answer))

    async def _cancel(self, name: str, strategy: str) -> None:
        try:
            if self._service.order(name).intent.strategy != strategy:
                raise InvalidValue("cancel_client_order_ids", name, f"an order of {strategy}")
            await self._service.cancel(name, f"{strategy}: CANCEL_REQUESTED")
        except HedgerowError as error:
            self._log.warning("cancel refused", order=name, cause=str(error))
