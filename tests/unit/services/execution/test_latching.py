"""Latches set and lifted over a real journal and a real file: by four clients at once, and rebuilt at any point."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from hedgerow.clock import WallClock
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue, JournalUnavailable, NotFound
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter, verify_chain
from services.execution.domain.latches import Latch, LatchEvent, LatchFact, LatchKind
from services.execution.domain.ledger import Ledger
from services.execution.latch_file import LatchFile
from services.execution.latching import LatchDesk
from services.execution.order_log import OrderLog, rebuild
from services.execution.ports import Broker
from tests.integration.service_process import until


class NoBroker:
    """A connection that is down: nothing sent before a latch can be under way."""

    up = False


class Process:
    """One life of execution, as far as latches go."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(folder, "execution")
        self.writer = JournalWriter(self.store, acquire_epoch(self.store, "execution"))
        self.ledger = Ledger()
        rebuild(self.store, self.ledger)
        self.log = OrderLog(self.writer, self.ledger, lambda _: None, lambda: None)
        self.file = LatchFile(folder / "latches.json")
        self.told = 0
        self.desk = LatchDesk(WallClock(), self.log, self.file, cast(Broker, NoBroker()), self._tell)
        self.desk.restore()

    def _tell(self) -> None:
        self.told += 1

    @property
    def standing(self) -> dict[str, Latch]:
        return self.log.latches.standing

    async def end(self) -> None:
        self.file.close()
        await self.writer.close()
        self.store.close()


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path)
    yield made
    await made.end()


def ask(latch_id: str, kind: LatchKind = LatchKind.PAUSE, strategy: str = "s", **more: str) -> LatchEvent:
    return LatchEvent(LatchFact.SET, latch_id, 0, 0, kind, strategy, sequence=1, actor="anna", reason="why", **more)


async def test_it_stands_from_the_call_on_and_is_remembered_twice(process: Process, tmp_path: Path) -> None:
    task = process.desk.set(ask("a"))
    assert list(process.standing) == ["a"]
    await task
    await until(lambda: set(process.desk.durable_in["a"]) == {"JOURNAL", "FILE"}, "both have it")
    assert [each.latch_id for each in LatchFile(tmp_path / "latches.json").read()] == ["a"]
    await process.desk.set(ask("a"))  # again: the same
    with pytest.raises(AlreadyExists):
        process.desk.set(ask("a", LatchKind.KILL))
    await process.desk.lift("a", "anna")
    await process.desk.lift("a", "anna")
    assert not process.standing
    assert LatchFile(tmp_path / "latches.json").read() == []
    with pytest.raises(NotFound):
        await process.desk.lift("b", "anna")


@pytest.mark.parametrize("seed", range(4))
async def test_four_clients_at_once_and_a_restart_at_any_point(tmp_path: Path, seed: int) -> None:
    numbers = random.Random(seed)
    process, model = Process(tmp_path), {}
    for _ in range(6):

        async def client(process: Process = process) -> None:
            for _ in range(6):
                name = numbers.choice("abcdefgh")
                if numbers.random() < 0.6:
                    await process.desk.set(ask(name))
                    model.setdefault(name, True)
                elif name in process.log.latches.by_id:
                    model[name] = False
                    await process.desk.lift(name, "anna")

        await asyncio.gather(*(client() for _ in range(4)))
        assert set(process.standing) == {name for name, stands in model.items() if stands}
        assert verify_chain(process.store) is None
        await process.end()
        process = Process(tmp_path)
        assert set(process.standing) == {name for name, stands in model.items() if stands}
    await process.end()


async def test_with_the_journal_gone_the_file_remembers_and_the_next_journal_learns(tmp_path: Path) -> None:
    process = Process(tmp_path)
    await process.desk.set(ask("before"))
    process.log._fail("the disk is gone")
    await process.desk.set(ask("after", LatchKind.KILL, ""))
    assert process.desk.durable_in["after"] == ["FILE"]
    assert isinstance(process.desk.lift_is_refused(True), FailedPrecondition)
    with pytest.raises(JournalUnavailable):
        await process.desk.lift("before", "anna")
    await process.end()
    second = Process(tmp_path)
    assert set(second.standing) == {"before", "after"}  # what could not be lifted for good still stands
    await until(lambda: "JOURNAL" in second.desk.durable_in["after"], "the journal has it")
    await second.end()
    (tmp_path / "latches.json").unlink()
    third = Process(tmp_path)
    assert set(third.standing) == {"before", "after"}
    await third.end()


async def test_a_damaged_file_is_refused_by_name(process: Process, tmp_path: Path) -> None:
    (tmp_path / "latches.json").write_text('{"latches": [{"latch_id": "a"}]}')
    with pytest.raises(InvalidValue, match=r"latches\.json"):
        process.desk.restore()


async def test_a_stop_is_lifted_by_the_next_run_and_never_frees_the_one_before(process: Process) -> None:
    await process.desk.run_began("s", "r-1")
    await process.desk.set(ask("bound", LatchKind.STOP, run_id="r-1"))
    await process.desk.set(ask("nameless", LatchKind.STOP))
    await process.desk.run_began("s", "r-1")  # it only came back
    assert set(process.standing) == {"bound", "nameless"}
    await process.desk.run_began("t", "r-9")
    await process.desk.run_began("s", "r-2")
    assert not process.standing
    assert [process.log.latches.ended("s", run) for run in ("r-1", "r-2")] == [True, False]
