"""The operator's short routes: /status, /operations and /control/*; conversions, no rules of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from gateway.app import Handler, Own
from gateway.command_body import read_command
from gateway.errors import upstream_error
from gateway.http import Answer, Request
from gateway.parameters import read_count, read_parameters, read_time
from gateway.snapshot import command_view, operation_view
from gateway.status import CONTROL, PortfolioFeed, StatusPage
from gateway.transcode import dump
from gateway.upstream import Upstreams
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.domain.command import Command, CommandKind, FlattenTarget, NewCommand
from hedgerow.wire.control import command_to_wire, new_command_to_wire

KINDS = {
    "stop": CommandKind.STOP,
    "pause": CommandKind.PAUSE,
    "resume": CommandKind.RESUME,
    "flatten": CommandKind.FLATTEN,
    "kill": CommandKind.KILL,
    "refresh_accounts": CommandKind.REFRESH_ACCOUNTS,
    "retry_ib": CommandKind.RETRY_IB,
}
FOR_EVERY_STRATEGY = frozenset({CommandKind.REFRESH_ACCOUNTS, CommandKind.RETRY_IB})
"""Kinds that need not name a strategy, however many there are; they wait for the broker."""
WITHOUT_CONTROL = frozenset({CommandKind.STOP, CommandKind.FLATTEN, CommandKind.KILL})
"""Kinds that go straight into the command store when control cannot be reached."""
OPERATIONS = ("since_ts", "until_ts", "type", "limit", "strategy", "page_token")
_DIRECT_TIMEOUT_S = 2.0
_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

Record = Callable[[NewCommand], Command]


class OperatorRoutes:
    """Answers from the feeds and from control; `record` writes a command into the store without control.

    `timeout_s` is of a call that waits for a service alone, `broker_timeout_s` of one that waits for the broker too.
    """

    def __init__(
        self, page: StatusPage, portfolio: PortfolioFeed, upstreams: Upstreams,
        channel: grpc.aio.Channel, record: Record, timeout_s: float, broker_timeout_s: float,
    ) -> None:  # fmt: skip
        self._page = page
        self._portfolio = portfolio
        self._upstreams = upstreams
        self._stub = control_pb2_grpc.ControlServiceStub(channel)
        self._record = record
        self._timeout_s = timeout_s
        self._broker_timeout_s = broker_timeout_s

    def routes(self) -> dict[str, Own]:
        """The short routes by path."""
        commands = {f"/control/{name}": Own("POST", self._command(kind)) for name, kind in KINDS.items()}
        return {"/status": Own("GET", self._status), "/operations": Own("GET", self._operations), **commands}

    async def _status(self, request: Request) -> Answer:
        if not request.query:
            return Answer(self._page.encoded())
        wanted = read_parameters(request.query, ("strategy",)).get("strategy", "")
        return Answer(self._page.encoded(self._upstreams.strategy(wanted) if wanted else ""))

    async def _operations(self, request: Request) -> Answer:
        given = read_parameters(request.query, OPERATIONS)
        wanted = control_pb2.ListOperationsRequest(
            strategy=given.get("strategy", ""), type=given.get("type", ""), page_token=given.get("page_token", "")
        )
        if "limit" in given:
            wanted.page_size = read_count("limit", given["limit"])
        for name, field in (("since_ts", wanted.since_time), ("until_ts", wanted.until_time)):
            if name in given:
                field.CopyFrom(read_time(name, given[name]))
        try:
            found = await self._stub.ListOperations(wanted, timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            raise upstream_error(error, CONTROL, self._timeout_s) from error
        operations = [operation_view(each) for each in found.operations]
        return Answer(dump({"operations": operations, "next_page_token": found.next_page_token}))

    def _command(self, kind: CommandKind) -> Handler:
        async def handle(request: Request) -> Answer:
            read_parameters(request.query, ())
            client = request.scope.get("client")
            command = read_command(kind, request.body, f"http {client[0]}" if client else "http", self._strategy(kind))
            sent = await self._send(command)
            if kind is CommandKind.REFRESH_ACCOUNTS:
                self._portfolio.ask_accounts()
            return Answer(dump(command_view(sent)))

        return handle

    def _strategy(self, kind: CommandKind) -> Callable[[str], str]:
        def named(wanted: str) -> str:
            every = kind in FOR_EVERY_STRATEGY or kind is CommandKind.KILL
            return "" if not wanted and every else self._upstreams.strategy(wanted)

        return named

    async def _send(self, command: NewCommand) -> control_pb2.Command:
        """Through control where it answers; a stop, flatten or kill straight into the store where it does not.

        Both by the same command_id, so that a command control recorded without answering is not a second one.
        """
        timeout_s = self._timeout_s if command.kind not in FOR_EVERY_STRATEGY else self._broker_timeout_s
        direct = command.kind in WITHOUT_CONTROL and command.arguments.get("target") != FlattenTarget.NEUTRAL
        if direct:
            timeout_s = min(timeout_s, _DIRECT_TIMEOUT_S)
        try:
            answer = await self._stub.SendCommand(new_command_to_wire(command), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            if not direct or error.code() not in _GONE:
                raise upstream_error(error, CONTROL, timeout_s) from error
            return command_to_wire(await asyncio.to_thread(self._record, command))
        found: control_pb2.Command = answer.command
        return found
