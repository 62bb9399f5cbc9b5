"""What execution does about an operator's commands: flattens begin, resumes lift their latch."""

from __future__ import annotations

import asyncio

import grpc
import sqlalchemy as sa

from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.domain.position import ZERO
from hedgerow.failpoints import failpoint
from hedgerow.rpc.command_channel import CommandChannel
from hedgerow.store.commands import CommandReader
from hedgerow.store.engine import Store
from hedgerow.store.location import Place
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.flatten import FlattenEvent, FlattenKind
from services.execution.flatten import Flattener
from services.execution.flatten_answers import FlattenAnswers
from services.execution.order_log import OrderLog

POLL_S = 0.25


class OperatorCommands:
    """Has each FLATTEN begun and each RESUME lift the latch, once, whichever way it came first."""

    def __init__(
        self, channel: grpc.aio.Channel, place: Place, store: Store, log: OrderLog, flattener: Flattener,
        answers: FlattenAnswers, silence_s: float,
    ) -> None:  # fmt: skip
        self.channel = CommandChannel(channel, CommandReader(place, None), "", self._take, silence_s)
        self._log = log
        self._flattener = flattener
        self._answers = answers
        self._one_at_a_time = asyncio.Lock()
        self._logger = get_logger(stream="commands")
        table = store.table("command_acks")
        with store.read() as connection:
            rows = connection.execute(sa.select(table.c.command_id).where(table.c.acked_ns > 0))
            self._answered = {str(row.command_id) for row in rows}

    async def _take(self, command: Command, from_store: bool) -> None:
        """Carries one command out; a journal that fails leaves it to the next start."""
        failpoint("operator.take")
        async with self._one_at_a_time:
            try:
                if command.kind is CommandKind.FLATTEN:
                    await self._flatten(command, from_store)
                elif command.kind is CommandKind.RESUME:
                    await self._resume(command)
            except Unavailable as error:
                self._logger.error("command waits", command_id=command.command_id, cause=str(error))

    async def _flatten(self, command: Command, from_store: bool) -> None:
        if command.command_id in self._answered or command.command_id in self._log.flattens.by_id:
            return
        try:
            options = command.flatten
            if options.target != "ZERO" and options.target_quantity is None:
                if not from_store:
                    return  # the stream tells no computed target; the store does
                await self._refuse(command, command.strategy, "only control computes the target of NEUTRAL")
                return
            if not command.strategy:
                await self._refuse(command, "", "a flatten names its strategy")
                return
            ask = FlattenEvent(
                FlattenKind.BEGUN, command.command_id, 0, 0, command.strategy, options.target_quantity or ZERO,
                options.include_options, command.created_ns, command.actor, command.reason,
            )  # fmt: skip
            failpoint("operator.flatten")
            await self._flattener.begin(ask, recorded=True)
        except Unavailable:
            raise
        except HedgerowError as error:
            await self._refuse(command, command.strategy, str(error))

    async def _refuse(self, command: Command, strategy: str, why: str) -> None:
        self._answered.add(command.command_id)
        self._logger.warning("command refused", command_id=command.command_id, cause=why)
        failpoint("operator.refuse")
        await self._log.write(self._answers.refused(command, strategy, why))

    async def _resume(self, command: Command) -> None:
        if command.command_id in self._answered:
            return
        for strategy in list(self._log.flattens.latched()):
            if not command.addresses(strategy):
                continue
            latch = self._log.flattens.latch(strategy)
            # One older than the flatten was meant for what was before it, and is only read again.
            if latch is None or command.created_ns <= latch.asked_time:
                continue
            self._answered.add(command.command_id)
            if latch.under_way:
                await self._refuse(command, strategy, f"a flatten is under way: {latch.request_id} {latch.state}")
                return
            failpoint("operator.resume")
            await self._flattener.lift(strategy, command.command_id)
            await self._log.write(self._answers.resumed(command, strategy))
            failpoint("operator.resumed")
