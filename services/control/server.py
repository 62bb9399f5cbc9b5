"""ControlService on the wire: no decisions here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf import timestamp_pb2
from google.protobuf.message import Message

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.status import SystemStatus
from hedgerow.store.commands import find_command, recent_commands
from hedgerow.store.location import Place
from hedgerow.store.operations import OperationType
from hedgerow.store.read import PAGE_LIMIT, read_history, read_operations
from hedgerow.wire.common import closing_to_wire, heartbeat_to_wire, text_from_wire, timestamp_from_wire
from hedgerow.wire.control import (
    command_to_wire,
    history_point_to_wire,
    new_command_from_wire,
    operation_to_wire,
    status_to_wire,
)
from services.control.command_feed import CommandFeed
from services.control.config import ControlConfig
from services.control.service import ControlService

SERVICE_NAME = "hedgerow.api.control.v1.ControlService"
DEFAULT_PAGE = 100
DEFAULT_POINTS, MOST_POINTS = 1000, 10_000


class ControlServer(control_pb2_grpc.ControlServiceServicer):
    """Answers from the service, the command feed and the stores."""

    def __init__(
        self, service: ControlService, feed: CommandFeed, config: ControlConfig, place: Place, status_place: Place,
        market_now: Callable[[], int],
    ) -> None:  # fmt: skip
        self._service = service
        self._feed = feed
        self._config = config
        self._place = place
        self._status_place = status_place
        self._market_now = market_now
        self._encoded: tuple[SystemStatus | None, bytes] = (None, b"")

    async def GetStatus(self, request: control_pb2.GetStatusRequest, context: Any) -> control_pb2.GetStatusResponse:
        """The status, computed now."""
        return control_pb2.GetStatusResponse(status=status_to_wire(await self._service.status()))

    async def WatchStatus(self, request: control_pb2.WatchStatusRequest, context: Any) -> AsyncIterator[Any]:
        """The status now, then on every change; a slow reader gets the newest."""
        now = await self._service.status()
        with self._service.changes.subscribe(initial=(now,)) as reader:
            async for batch in reader.batches(self._config.stream_heartbeat_s):
                for status in batch.items:
                    yield self._encode(status)
                if batch.idle:
                    yield control_pb2.WatchStatusResponse(heartbeat=self._heartbeat())
                if batch.closing:
                    yield control_pb2.WatchStatusResponse(closing=closing_to_wire(batch.closing))

    def _encode(self, status: SystemStatus) -> bytes:
        """The message of a status, encoded once for all readers."""
        if self._encoded[0] is not status:
            message = control_pb2.WatchStatusResponse(status=status_to_wire(status))
            self._encoded = (status, message.SerializeToString())
        return self._encoded[1]

    async def SendCommand(
        self, request: control_pb2.SendCommandRequest, context: Any
    ) -> control_pb2.SendCommandResponse:
        """Records a command; durable before it is answered."""
        recorded = await self._service.send(new_command_from_wire(request))
        return control_pb2.SendCommandResponse(command=command_to_wire(recorded))

    async def WatchCommands(
        self, request: control_pb2.WatchCommandsRequest, context: Any
    ) -> AsyncIterator[control_pb2.WatchCommandsResponse]:
        """The commands of a strategy, or of all, after `start_sequence`, then those that come."""
        strategy = self._config.require_strategy(request.strategy) if request.strategy else None
        with await self._feed.subscribe(strategy, request.start_sequence) as reader:
            yield control_pb2.WatchCommandsResponse(heartbeat=self._heartbeat())
            async for batch in reader.batches(self._config.stream_heartbeat_s):
                for command in batch.items:
                    yield control_pb2.WatchCommandsResponse(command=command_to_wire(command))
                if batch.idle:
                    yield control_pb2.WatchCommandsResponse(heartbeat=self._heartbeat())
                if batch.closing:
                    yield control_pb2.WatchCommandsResponse(closing=closing_to_wire(batch.closing))

    async def GetCommand(self, request: control_pb2.GetCommandRequest, context: Any) -> control_pb2.GetCommandResponse:
        """One command with what came of it."""
        command_id = text_from_wire("command_id", request.command_id)
        command = await asyncio.to_thread(find_command, self._place, command_id)
        return control_pb2.GetCommandResponse(command=command_to_wire(command))

    async def ListCommands(
        self, request: control_pb2.ListCommandsRequest, context: Any
    ) -> control_pb2.ListCommandsResponse:
        """A page of commands; the token is the sequence of the last one of the page before."""
        size = _page_size(request.page_size, DEFAULT_PAGE, PAGE_LIMIT)
        before = request.page_token
        if before and not (before.isascii() and before.isdigit() and 0 < int(before) < 1 << 63):
            raise InvalidValue("page_token", before, "the next_page_token of an earlier answer")
        found = await asyncio.to_thread(
            recent_commands, self._place, request.strategy or None, int(before or 0), size + 1,
            request.pending_only,
        )  # fmt: skip
        page = found[:size]
        return control_pb2.ListCommandsResponse(
            commands=[command_to_wire(command) for command in page],
            next_page_token=str(page[-1].sequence) if len(found) > size else "",
        )

    async def ListHistory(
        self, request: control_pb2.ListHistoryRequest, context: Any
    ) -> control_pb2.ListHistoryResponse:
        """The newest points of a strategy's history, from its store, whether it lives or not."""
        strategy = self._config.require_strategy(request.strategy or self._config.only_strategy())
        rows = await asyncio.to_thread(
            read_history, self._status_place, strategy, _time(request, "since_time", request.since_time),
            _time(request, "until_time", request.until_time),
            _page_size(request.page_size, DEFAULT_POINTS, MOST_POINTS),
        )  # fmt: skip
        points = [history_point_to_wire(row) for row in reversed(rows)]
        return control_pb2.ListHistoryResponse(strategy=strategy, points=points)

    async def ListOperations(
        self, request: control_pb2.ListOperationsRequest, context: Any
    ) -> control_pb2.ListOperationsResponse:
        """Operations of all stores, newest first."""
        size = _page_size(request.page_size, DEFAULT_PAGE, PAGE_LIMIT)
        if request.type and request.type not in set(OperationType):
            raise InvalidValue("type", request.type, f"one of: {', '.join(OperationType)}")
        page = await asyncio.to_thread(
            read_operations, self._place, strategy=request.strategy or None, type=request.type or None,
            since_ns=_time(request, "since_time", request.since_time),
            until_ns=_time(request, "until_time", request.until_time),
            limit=size, page_token=request.page_token,
        )  # fmt: skip
        return control_pb2.ListOperationsResponse(
            operations=[operation_to_wire(row) for row in page.rows], next_page_token=page.next_page_token
        )

    def _heartbeat(self) -> common_pb2.Heartbeat:
        return heartbeat_to_wire(wall_now(), self._market_now())


def _page_size(asked: int, default: int, most: int) -> int:
    size = asked or default
    if not 1 <= size <= most:
        raise InvalidValue("page_size", asked, f"1 to {most}, 0 for {default}")
    return size


def _time(request: Message, field: str, message: timestamp_pb2.Timestamp) -> int | None:
    return timestamp_from_wire(field, message) if request.HasField(field) else None
