"""Commands at the daemon: what was answered stands, in whatever order commands are read, and gets to disk."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import grpc

from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.store.answers import acknowledgement, read_answers
from hedgerow.store.engine import open_store
from hedgerow.store.location import StoreLocation
from hedgerow.store.writer import AsyncWriter
from services.strategy.answers import Answers
from services.strategy.command_inputs import CommandInputs
from services.strategy.domain.latch import Latch
from services.strategy.domain.own_order import submitted
from services.strategy.inputs import Inputs
from tests.integration.service_process import until
from tests.store_places import cut_off, fresh_location, location, postgres, store_database

__all__ = ["fresh_location", "location", "postgres", "store_database"]

READY = BrokerLink(LinkState.READY)


class Run:
    """One run of a daemon's command side over a real store; everything is reconciled."""

    def __init__(self, place: StoreLocation, folder: Path) -> None:
        self.place = place
        self.store = open_store(place, "strategy-goog")
        self.writer = AsyncWriter(self.store)
        self.inputs = Inputs(
            "GOOG", execution_open=True, market_data_open=True, portfolio_open=True, reports_known=True,
            reconciled=True, positions_complete=True, feed_link=READY, execution_link=READY,
        )  # fmt: skip
        self.channel = grpc.aio.insecure_channel("127.0.0.1:1")
        self.commands = CommandInputs(
            self.channel, "goog", "run", place, folder / "control", self.inputs, lambda _: None,
            Answers(self.store, self.writer, "run", lambda: 0), 5.0, asyncio.Event(),
        )  # fmt: skip

    async def end(self) -> None:
        """What was answered is on disk; another run may begin."""
        self.commands.close()
        await self.channel.close()
        await self.writer.close()
        self.store.close()

    def answer(self, command_id: str) -> str:
        """As the store has it, empty without one."""
        given = read_answers(self.place, "strategy-goog").get(command_id)
        return "" if given is None else given.outcome


def command(sequence: int, kind: CommandKind) -> Command:
    return Command(sequence, f"c-{sequence}", kind, "goog", "", "anna", "", {}, time.time_ns())


async def test_an_older_resume_read_later_lifts_no_pause(location: StoreLocation, tmp_path: Path) -> None:
    resume, pause = command(1, CommandKind.RESUME), command(2, CommandKind.PAUSE)
    first = Run(location, tmp_path)
    first.commands.apply(pause)
    await first.end()
    assert first.answer("c-2") == "done: paused"
    second = Run(location, tmp_path)
    assert second.inputs.latch is Latch.PAUSED
    second.commands.apply(resume)  # its answer was lost with the run before: the store still has it pending
    assert second.inputs.latch is Latch.PAUSED
    second.commands.apply(command(3, CommandKind.RESUME))
    assert second.inputs.latch is Latch.NONE
    await second.end()
    assert (second.answer("c-1"), second.answer("c-3")) == ("refused: overtaken by a later pause", "done")


async def test_a_command_store_begun_anew_counts_from_one_and_its_resume_counts(
    location: StoreLocation, tmp_path: Path
) -> None:
    run = Run(location, tmp_path)
    run.commands.apply(command(40, CommandKind.PAUSE))
    run.commands.apply(command(1, CommandKind.RESUME))
    assert run.inputs.latch is Latch.NONE
    await run.end()


async def test_an_answer_the_store_did_not_take_is_written_once_it_is_back(
    postgres: StoreLocation, tmp_path: Path
) -> None:
    run = Run(postgres, tmp_path)
    run.commands.apply(command(1, CommandKind.PAUSE))
    await until(lambda: run.answer("c-1"), "the first answer is there")
    assert cut_off(postgres, "strategy-goog writer") == 1
    run.commands.apply(command(2, CommandKind.RESUME))
    await until(lambda: run.writer.failed, "the store did not take it")

    def written() -> str:
        run.commands.poll()
        return run.answer("c-2")

    assert await until(written, "it is written at a later heartbeat") == "done"
    await run.end()


async def test_a_stop_with_an_intent_execution_has_not_named_says_so(location: StoreLocation, tmp_path: Path) -> None:
    run = Run(location, tmp_path)
    run.inputs.order = submitted("run-1", 1, 10.0, 0, time.monotonic_ns())
    run.commands.apply(command(1, CommandKind.STOP))
    run.commands.stopped()
    await run.end()
    assert run.answer("c-1") == "done; execution has not named the intent sent before"


async def test_a_pause_is_answered_once_a_connected_execution_holds_it(location: StoreLocation, tmp_path: Path) -> None:
    run = Run(location, tmp_path)
    run.inputs.execution_known = True
    run.commands.apply(command(1, CommandKind.PAUSE))
    run.commands.look()
    assert run.inputs.pause is Latch.PAUSED
    assert run.answer("c-1") == ""
    run.inputs.held = frozenset({"c-1"})
    run.commands.look()
    assert await until(lambda: run.answer("c-1"), "it is answered") == "done: paused"
    run.commands.apply(command(2, CommandKind.PAUSE))
    run.inputs.execution_open = False
    run.commands.look()
    words = "done: paused; execution cannot be reached: what it was handed before may still leave"
    assert await until(lambda: run.answer("c-2"), "it is answered without execution") == words
    await run.end()


async def test_a_flatten_that_execution_refused_pauses_nobody_over_a_restart_either(
    location: StoreLocation, tmp_path: Path
) -> None:
    run = Run(location, tmp_path)
    flatten = command(1, CommandKind.FLATTEN)
    run.commands.apply(flatten)
    assert run.inputs.latch is Latch.FLATTENED
    await until(lambda: run.answer("c-1"), "it is answered")
    with open_store(location, "execution") as store:
        writer = AsyncWriter(store)
        await writer.write([acknowledgement(flatten, "goog", "", wall_ns=5, outcome="refused: only reduces")])
        await writer.close()
    run.commands.poll()
    assert run.inputs.latch is Latch.NONE
    await run.end()
    assert run.answer("c-1") == "refused: only reduces"
    later = Run(location, tmp_path)
    assert later.inputs.latch is Latch.NONE
    await later.end()


async def test_a_kill_is_lifted_by_its_own_name_alone(location: StoreLocation, tmp_path: Path) -> None:
    run = Run(location, tmp_path)
    run.commands.apply(command(9, CommandKind.KILL))  # execution's to carry out and to tell
    assert (run.inputs.pause, run.answer("c-9")) == (Latch.NONE, "")
    run.inputs.killed = "k-1"
    assert run.inputs.pause is Latch.KILLED
    run.commands.apply(command(1, CommandKind.RESUME))
    assert (await until(lambda: run.answer("c-1"), "it is answered")).startswith("refused: KILL k-1 stands")
    await run.end()
