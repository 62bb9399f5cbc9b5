"""What execution does about an operator's commands: latches are set, flattens begin, resumes lift what stands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import grpc

from hedgerow.domain.command import Command, CommandKind, account_of
from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.domain.position import ZERO
from hedgerow.failpoints import failpoint
from hedgerow.rpc.command_channel import CommandChannel
from hedgerow.store.answers import DONE, REFUSED, Answer, read_answers
from hedgerow.store.commands import CommandReader
from hedgerow.store.location import Place
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind
from services.execution.domain.latches import Latch, LatchEvent, LatchFact, LatchKind
from services.execution.flatten import Flattener
from services.execution.flatten_answers import FlattenAnswers
from services.execution.kill import Killer
from services.execution.latching import LatchDesk
from services.execution.order_log import OrderLog

POLL_S = 0.25
LEARN_S = 4.0
"""Wall seconds a resume waits for broker and journal to agree before it is refused."""
_LATCHING = frozenset({CommandKind.STOP, CommandKind.PAUSE, CommandKind.KILL})


class OperatorCommands:
    """Carries out each command once, whichever way it came first; a stop, pause or kill waits for nothing.

    `answered` holds the ids of the commands whose final answer is on disk; `reconciled` says whether broker and
    journal agree now.
    """

    def __init__(
        self, channel: grpc.aio.Channel, place: Place, log: OrderLog, flattener: Flattener, answers: FlattenAnswers,
        desk: LatchDesk, killer: Killer, answered: set[str], reconciled: Callable[[], bool], silence_s: float,
    ) -> None:  # fmt: skip
        self._reader = CommandReader(place, None)
        self.channel = CommandChannel(channel, self._reader, "", self._take, silence_s)
        self._place = place
        self._log = log
        self._flattener = flattener
        self._answers = answers
        self._desk = desk
        self._killer = killer
        self._answered = answered
        self._reconciled = reconciled
        self._under_way: set[str] = set()
        self._over: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._logger = get_logger(stream="commands")

    async def catch_up(self) -> None:
        """Takes what the store holds already, so that no order leaves past a latch asked for while nobody listened."""
        try:
            commands = await asyncio.to_thread(self._reader.poll)
        except HedgerowError as error:
            self._logger.warning("commands of before are not known yet", cause=str(error))
            return
        try:
            self._over = await asyncio.to_thread(self._done_with, commands)
        except HedgerowError as error:  # the reader gives each but once: what may be over stands, rather than none
            self._logger.warning("which commands of before are over is not known", cause=str(error))
        for command in commands:
            await self._take(command, True)

    def _done_with(self, commands: Sequence[Command]) -> set[str]:
        """Stops the strategy has answered, and pauses it has resumed from, that this journal never knew."""
        unknown = [
            each
            for each in commands
            if each.kind in (CommandKind.STOP, CommandKind.PAUSE)
            and each.strategy
            and each.command_id not in self._log.latches.by_id
        ]
        over: set[str] = set()
        for strategy in {each.strategy for each in unknown}:
            given = self._given_by(strategy, [each.command_id for each in commands if each.addresses(strategy)])
            resumed = [
                each.sequence
                for each in commands
                if each.kind is CommandKind.RESUME and given.get(each.command_id, _NONE).outcome.startswith(DONE)
            ]
            for each in unknown:
                answered = given.get(each.command_id, _NONE).acked_ns
                stopped = each.kind is CommandKind.STOP and answered
                if each.strategy == strategy and (stopped or any(each.sequence < later for later in resumed)):
                    over.add(each.command_id)
        return over

    def _given_by(self, strategy: str, ids: Sequence[str]) -> dict[str, Answer]:
        return read_answers(self._place, "control", ids) | read_answers(self._place, f"strategy-{strategy}", ids)

    async def _take(self, command: Command, from_store: bool) -> None:
        """Carries one command out, or sees to it; what the journal fails at is left to the next start."""
        failpoint("operator.take")
        self._desk.heard(command.sequence)
        if any(command.command_id in known for known in (self._answered, self._under_way, self._over)):
            return
        if command.kind in _LATCHING:
            self._latch(command)
        elif command.kind in (CommandKind.FLATTEN, CommandKind.RESUME):
            self._see_to(command, self._in_turn(command, from_store))

    def _see_to(self, command: Command, work: Coroutine[Any, Any, None]) -> None:
        async def carried_out() -> None:
            try:
                await work
            except Unavailable as error:
                self._logger.error("command waits", command_id=command.command_id, cause=str(error))
            finally:
                self._under_way.discard(command.command_id)

        self._under_way.add(command.command_id)
        task = asyncio.create_task(carried_out())
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._logger.error("a command was not carried out", exc_info=task.exception())

    def _latch(self, command: Command) -> None:
        """Nothing new leaves from here on; the answer follows once that is on disk."""
        kind = LatchKind(command.kind.value)
        run_id = command.run_id
        if kind is LatchKind.STOP and not run_id:
            run_id = self._desk.run_of(command.strategy)
        ask = LatchEvent(
            LatchFact.SET, command.command_id, 0, 0, kind, command.strategy, account_of(command), run_id,
            command.sequence, command.actor, command.reason,
        )  # fmt: skip
        failpoint("operator.latch")
        try:
            kept = self._killer.begin(ask, recorded=True) if kind is LatchKind.KILL else self._desk.set(ask)
        except HedgerowError as error:
            self._see_to(command, self._refuse(command, command.strategy, str(error)))
            return
        self._see_to(command, self._acknowledge(command, kept))

    async def _acknowledge(self, command: Command, kept: asyncio.Task[None]) -> None:
        await kept
        failpoint("operator.acknowledge")
        words = "execution lets no new order leave"
        if not self._desk.durable_in.get(command.command_id, [""]):
            words += "; known on no disk yet"
        if command.command_id in self._desk.unread:
            words += "; the broker does not answer: what was sent before may still take effect"
        final = command.kind is not CommandKind.KILL  # a kill is answered by its proof
        if command.kind is CommandKind.PAUSE and not self._desk.is_connected(command.strategy):
            words = f"{DONE}: {words}; no daemon is connected"
        await self._log.write(self._answers.latched(command, words, final))
        if final:
            self._answered.add(command.command_id)

    async def _in_turn(self, command: Command, from_store: bool) -> None:
        """Flattens and resumes, one after the other; a resume that waits holds up nobody."""
        deadline = time.monotonic() + LEARN_S
        while True:
            async with self._one_at_a_time:
                if command.kind is CommandKind.FLATTEN:
                    await self._flatten(command, from_store)
                    return
                if await self._resume(command, time.monotonic() >= deadline):
                    return
            await asyncio.sleep(POLL_S)

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
                options.include_options, command.created_ns, command.actor, command.reason, sequence=command.sequence,
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

    async def _resume(self, command: Command, last: bool) -> bool:
        """Lifts what older commands set, all of it or nothing; False where it should be tried again.

        One older than a latch was meant for what was before it, and is only read again. What the daemon refused
        stays refused.
        """
        flattens, pauses, kills = self._older(command)
        if not (flattens or pauses or kills) or await asyncio.to_thread(self._refused_by_daemon, command):
            return True
        first = (*kills, *pauses)
        strategy = flattens[0].strategy if flattens else first[0].strategy
        if kills:
            why = f"KILL {kills[0].latch_id} stands and is lifted by its own name: hedgerow resume --latch"
            await self._refuse(command, strategy, why)
            return True
        under_way = next((each for each in flattens if each.under_way), None)
        if under_way is not None:
            why = f"a flatten is under way: {under_way.request_id} {under_way.state}"
            await self._refuse(command, under_way.strategy, why)
            return True
        refusal = self._desk.lift_is_refused(self._reconciled())
        if refusal is not None:
            if last:
                await self._refuse(command, strategy, f"not reconciled: {refusal}")
            return last
        self._answered.add(command.command_id)
        failpoint("operator.resume")
        for each in flattens:
            await self._flattener.lift(each.strategy, command.command_id)
        for latch in pauses:
            await self._desk.lift(latch.latch_id, f"RESUME {command.command_id}")
        await self._log.write(self._answers.resumed(command, strategy))
        failpoint("operator.resumed")
        return True

    def _older(self, command: Command) -> tuple[list[Flatten], list[Latch], list[Latch]]:
        """The flattens' latches, the pauses and the kills over whom it addresses that were asked for before it."""
        flattens = []
        for strategy in list(self._log.flattens.latched()):
            flatten = self._log.flattens.latch(strategy) if command.addresses(strategy) else None
            if flatten is not None and _is_older(flatten, command):
                flattens.append(flatten)
        mine = [each for each in self._log.latches.standing.values() if each.sequence < command.sequence]
        pauses = [each for each in mine if each.kind is LatchKind.PAUSE and command.addresses(each.strategy)]
        if command.strategy:
            pauses = [each for each in pauses if each.strategy]
        kills = [each for each in mine if each.kind is LatchKind.KILL and _meets(command, each)]
        return flattens, pauses, kills

    def _refused_by_daemon(self, command: Command) -> bool:
        if not command.strategy:
            return False
        given = self._given_by(command.strategy, [command.command_id])
        return given.get(command.command_id, _NONE).outcome.startswith(REFUSED)

    async def watch_stops(self) -> None:
        """Lifts each stop once its run has answered it, for ever."""
        while True:
            await asyncio.sleep(POLL_S)
            for latch in [each for each in self._desk.stops() if each.strategy]:
                try:
                    given = await asyncio.to_thread(self._given_by, latch.strategy, [latch.latch_id])
                    answer = given.get(latch.latch_id, _NONE)
                    if answer.acked_ns and not self._log.failed:
                        by = f"answered by {latch.strategy}: {answer.outcome}"
                        await self._desk.lift(latch.latch_id, by, run_id=latch.run_id)
                except HedgerowError as error:
                    self._logger.warning("whether a run stopped is not known", latch=latch.latch_id, cause=str(error))

    def close(self) -> None:
        """Ends what is under way and closes the command store."""
        for task in self._tasks:
            task.cancel()
        self.channel.close()


_NONE = Answer(0, "")


def _is_older(flatten: Flatten, command: Command) -> bool:
    """Whether a flatten was asked for before a resume; by wall time where its place among commands is not known."""
    if flatten.sequence:
        return flatten.sequence < command.sequence
    return flatten.asked_time < command.created_ns


def _meets(command: Command, latch: Latch) -> bool:
    return not command.strategy or latch.strategy in ("", command.strategy)
