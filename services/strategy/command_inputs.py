"""An operator's commands, heard three ways: control's stream, the command store, and a control file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import grpc

from hedgerow.domain.errors import HedgerowError
from hedgerow.rpc.command_channel import CommandChannel
from hedgerow.store.answers import DONE, REFUSED, read_answers
from hedgerow.store.commands import Command, CommandKind, CommandReader
from hedgerow.store.location import Place
from hedgerow.strategy.observation import ObservationCause
from hedgerow.telemetry.logs import get_logger
from services.strategy.answers import Answers
from services.strategy.domain.latch import Latch, after
from services.strategy.inputs import Inputs

Evaluate = Callable[[ObservationCause], None]
CONTROL_FILE_STOP = "stop"
SETTLE_S = 0.8
"""Wall seconds execution has to name an intent that was on its way when a pause came, before the pause is answered."""
LEARN_S = 5.0
"""Wall seconds a resume waits for what is not known yet, such as a stream about to open, before it is refused."""
LOOK_AGAIN_S = 0.05
HELD_S = 5.0
"""Wall seconds a connected execution has to say that it holds a pause, before the pause is answered without that."""
STOP_HELD_S = 1.0
"""The same of a stop: the process must end."""
OWN_KINDS = frozenset(CommandKind) - {CommandKind.REFRESH_ACCOUNTS, CommandKind.RETRY_IB, CommandKind.KILL}
"""A kill is execution's: what it holds is told with its state."""


class _Waiting(NamedTuple):
    command: Command
    until: float  # time.monotonic
    held_until: float = 0.0


class CommandInputs:
    """Carries out each command once, whichever way it came first, and answers it in the strategy's store."""

    def __init__(
        self, channel: grpc.aio.Channel, strategy: str, run_id: str, place: Place, control_file: Path,
        inputs: Inputs, evaluate: Evaluate, answers: Answers, silence_s: float, stop: asyncio.Event,
    ) -> None:  # fmt: skip
        self.channel = CommandChannel(channel, CommandReader(place, strategy), strategy, self._take, silence_s)
        self._strategy = strategy
        self._run_id = run_id
        self._place = place
        self._control_file = control_file
        self._inputs = inputs
        self._evaluate = evaluate
        self._answers = answers
        self._stop = stop
        self._seen: set[str] = set()
        self._unsettled = set(answers.flattens)
        self._pausing: list[_Waiting] = []
        self._resuming: list[_Waiting] = []
        self._stops: list[Command] = []
        self._looking: asyncio.TimerHandle | None = None
        self._log = get_logger(stream="commands")
        inputs.latch = answers.latch

    async def _take(self, command: Command, from_store: bool) -> None:
        self.apply(command)

    def poll(self) -> None:
        """Looks into the control file, what waits and what is still to be written; cheap, once a heartbeat."""
        self._poll_control_file()
        self._answers.retry()
        self._forget_refused()
        self.look()

    def _poll_control_file(self) -> None:
        try:
            text = self._control_file.read_text()
        except FileNotFoundError:
            return
        if text.strip() == CONTROL_FILE_STOP:
            self._log.info("stop by control file", path=str(self._control_file))
            # Taken: a daemon started later must not end by it again.
            self._control_file.unlink(missing_ok=True)
            self._stop.set()

    def apply(self, command: Command) -> None:
        """Carries one command out unless that was done before, by this run or an earlier one."""
        if command.kind not in OWN_KINDS or not command.addresses(self._strategy):
            return
        if command.command_id in self._seen or self._answers.given(command.command_id):
            return
        self._seen.add(command.command_id)
        self._log.info("command", kind=command.kind.value, command_id=command.command_id, actor=command.actor)
        if command.kind is CommandKind.RESUME and self._answers.overtaken(command):
            self._answer(command, f"{REFUSED}: overtaken by a later pause")
        elif command.kind is CommandKind.RESUME:
            self._resuming.append(_Waiting(command, time.monotonic() + LEARN_S))
        else:
            self._carry_out(command)
        self.look()

    def _carry_out(self, command: Command) -> None:
        inputs = self._inputs
        if command.kind is CommandKind.STOP:
            if not command.addresses(self._strategy, self._run_id):
                self._answer(command, f"gone: run {command.run_id} has ended; this is run {self._run_id}")
                return
            self._overtake(command)
            self._stops.append(command)  # answered when it has stopped
            self._stop.set()
        elif command.kind is CommandKind.RESET_LATCH:
            inputs.commands = inputs.commands._replace(reset_number=inputs.commands.reset_number + 1)
            self._answer(command, DONE)
        else:
            self._overtake(command)
            inputs.latch = after(inputs.latch, command.kind)
            if command.kind is CommandKind.FLATTEN:
                self._unsettled.add(command.command_id)
            now = time.monotonic()
            self._pausing.append(_Waiting(command, now + SETTLE_S, now + HELD_S))
        self._evaluate(ObservationCause.COMMAND)

    def _overtake(self, command: Command) -> None:
        for waiting in self._resuming:
            self._answer(waiting.command, f"{REFUSED}: overtaken by {command.kind.value} {command.command_id}")
        self._resuming.clear()

    def look(self) -> None:
        """Answers what waited for something, once that has come or its time is over."""
        now = time.monotonic()
        for waiting in list(self._pausing):
            if (self._inputs.order.in_flight and now < waiting.until) or (
                self._unheld(waiting.command) and self._inputs.execution_open and now < waiting.held_until
            ):
                continue
            self._pausing.remove(waiting)
            self._answer(waiting.command, self._paused_words(waiting.command))
        for waiting in list(self._resuming):
            why, certain = self._why_not()
            if self._pausing or (why and not certain and now < waiting.until):
                break  # in sequence: none overtakes another
            self._resuming.remove(waiting)
            if why:
                self._answer(waiting.command, f"{REFUSED}: {why}")
            else:
                self._resume(waiting.command)
        if (self._pausing or self._resuming) and self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        self._looking = None
        self.look()

    def _paused_words(self, command: Command) -> str:
        words = f"{DONE}: paused{self._unnamed_words()}{self._unheld_words(command)}"
        return f"{words}; execution closes the position" if command.kind is CommandKind.FLATTEN else words

    def _unnamed_words(self) -> str:
        return "; execution has not named the intent sent before" if self._inputs.order.in_flight else ""

    def _unheld(self, command: Command) -> bool:
        """Whether execution, which was connected in this run, has not said that it holds what this command asks."""
        inputs = self._inputs
        if command.kind is CommandKind.FLATTEN:  # whether it is, and how far, is execution's own to answer
            return False
        return inputs.execution_known and command.command_id not in inputs.held

    def _unheld_words(self, command: Command) -> str:
        if not self._unheld(command):
            return ""
        why = "has not confirmed it" if self._inputs.execution_open else "cannot be reached"
        return f"; execution {why}: what it was handed before may still leave"

    async def stops_held(self) -> None:
        """Waits until a connected execution says that it holds every stop, at most STOP_HELD_S."""
        deadline = time.monotonic() + STOP_HELD_S
        while time.monotonic() < deadline and self._inputs.execution_open:
            if not any(self._unheld(command) for command in self._stops):
                return
            await asyncio.sleep(LOOK_AGAIN_S / 5)

    def _forget_refused(self) -> None:
        """A flatten that execution refused has closed nothing and pauses nothing."""
        if not self._unsettled:
            return
        try:
            given = read_answers(self._place, "execution", self._unsettled)
        except HedgerowError as error:
            self._log.warning("execution's answer to a flatten cannot be read", cause=str(error))
            return
        for command_id, answer in given.items():
            if not answer.acked_ns:
                continue
            self._unsettled.discard(command_id)
            if answer.outcome.startswith(REFUSED):
                self._answers.withdraw(command_id, self._strategy, answer.outcome)
                for waiting in [each for each in self._pausing if each.command.command_id == command_id]:
                    self._pausing.remove(waiting)
                    self._answer(waiting.command, answer.outcome)
                latch = self._answers.latch
                for waiting in self._pausing:
                    latch = after(latch, waiting.command.kind)
                self._inputs.latch = latch
                self._log.info("flatten refused by execution", command_id=command_id, outcome=answer.outcome)
                self._evaluate(ObservationCause.COMMAND)

    def _resume(self, command: Command) -> None:
        inputs = self._inputs
        inputs.latch = after(inputs.latch, command.kind)
        inputs.commands = inputs.commands._replace(resume_number=inputs.commands.resume_number + 1)
        self._answer(command, DONE)
        self._evaluate(ObservationCause.COMMAND)

    def _why_not(self) -> tuple[str, bool]:
        """Why a resume cannot be now, empty when it can; and whether that is certain or not known yet."""
        inputs = self._inputs
        unreconciled, known = inputs.unreconciled
        if unreconciled:
            return f"not reconciled: {unreconciled}", known
        if inputs.killed:
            return f"KILL {inputs.killed} stands and is lifted by its own name: hedgerow resume --latch", True
        if inputs.flattening:
            return f"a flatten is under way: {inputs.flattening}", True
        if inputs.latch is Latch.FLATTENED:
            under_way = self._flatten_under_way()
            if under_way:
                return under_way, False
        if inputs.flattened or inputs.held_paused:
            return "execution has not lifted its latch", False
        return "", True

    def _flatten_under_way(self) -> str:
        """Why the last flatten is not over, by execution's answer in its store; empty when it is."""
        flattens = self._answers.flattens
        try:
            given = read_answers(self._place, "execution", flattens)
        except HedgerowError as error:
            return f"execution's answer to the flatten cannot be read: {error}"
        for command_id in flattens:
            answer = given.get(command_id)
            if answer is None or not answer.acked_ns:
                return f"a flatten is under way: {answer.outcome if answer else 'execution has not begun it'}"
        return ""

    def _answer(self, command: Command, outcome: str) -> None:
        self._answers.give(command, self._strategy, outcome)
        self._log.info("command answered", command_id=command.command_id, outcome=outcome)

    def stopped(self) -> None:
        """The daemon has stopped: every stop is answered, and what else waited."""
        for waiting in self._pausing:
            self._answer(waiting.command, self._paused_words(waiting.command))
        self._pausing.clear()
        for command in self._stops:
            self._answer(command, f"{DONE}{self._unnamed_words()}{self._unheld_words(command)}")
        self._stops.clear()

    def close(self) -> None:
        """Closes the command store."""
        if self._looking is not None:
            self._looking.cancel()
        self.channel.close()
