"""The workers of a run: forked before any gRPC object exists, fed with groups, ended with the run."""

from __future__ import annotations

import multiprocessing
import os
import select
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from hedgerow.torture.plan import Group
from hedgerow.torture.worker import CASE_LIMIT_S, Told, work

END_S = 10.0
"""Wall seconds processes may take to end by themselves."""
SILENCE_S = 3 * CASE_LIMIT_S
"""A worker that says nothing for so long is killed, its group a failure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed case: `token` brings it back."""

    family: str
    token: str
    detail: str


@dataclass(slots=True)
class Tally:
    """What a family came to."""

    cases: int = 0
    struck: int = 0
    failures: list[Failure] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    """Worker seconds it took."""

    def add(self, other: Tally) -> None:
        """Takes in what other cases of the family came to."""
        self.cases += other.cases
        self.struck += other.struck
        self.failures += other.failures
        self.seconds += other.seconds
        for name, values in other.samples.items():
            self.samples.setdefault(name, []).extend(values)


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    group: Group | None = None
    so_far: Tally = field(default_factory=Tally)
    heard: float = 0.0
    begun: float = 0.0


OnProgress = Callable[[dict[str, Tally]], None]
OnGroup = Callable[[Group, Tally], None]


def run_groups(
    todo: Iterator[Group], workers: int, *, processes: bool, until: float | None = None, first_failure: bool = False,
    progress: OnProgress = lambda _: None, finished: OnGroup = lambda _, __: None,
) -> dict[str, Tally]:  # fmt: skip
    """Runs the groups on so many workers; what each family came to.

    `processes`: whether any group needs a world. None begins after monotonic time `until`; with `first_failure` all
    ends at the first one. `finished` hears of each group that is done.
    """
    context = multiprocessing.get_context("fork")
    folder = tempfile.mkdtemp(prefix="hedgerow-torture-")
    tallies: dict[str, Tally] = {}
    crew: list[_Worker] = []
    alive, held = os.pipe()  # every process of the run inherits its end: the other reads its last word

    def hire() -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, folder, processes), daemon=False)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def feed(worker: _Worker) -> None:
        late = until is not None and time.monotonic() >= until
        worker.group, worker.so_far = (None if late else next(todo, None)), Tally()
        worker.heard = worker.begun = time.monotonic()
        worker.connection.send(worker.group)

    try:
        crew += [hire() for _ in range(workers)]
        for worker in crew:
            feed(worker)
        while busy := [worker for worker in crew if worker.group is not None]:
            for ready in wait([worker.connection for worker in busy], timeout=1.0):
                worker = next(each for each in busy if each.connection is ready)
                _hear(worker, tallies, finished)
                if worker.group is None and worker.process.is_alive():
                    feed(worker)
                progress(tallies)
                if first_failure and any(tally.failures for tally in tallies.values()):
                    return tallies
            for number, worker in enumerate(crew):
                gone = not worker.process.is_alive() and not worker.connection.poll()
                if worker.group is not None and (gone or time.monotonic() - worker.heard > SILENCE_S):
                    _lost(worker, tallies, finished)
                    crew[number] = hire()
                    feed(crew[number])
        for worker in crew:
            worker.process.join(END_S)
    finally:
        for worker in crew:
            worker.connection.close()
            worker.process.kill()
            worker.process.join()
        os.close(held)
        select.select([alive], [], [], END_S)
        os.close(alive)
        shutil.rmtree(folder, ignore_errors=True)
    return tallies


def _hear(worker: _Worker, tallies: dict[str, Tally], finished: OnGroup) -> None:
    group = worker.group
    assert group is not None
    try:
        told: Told = worker.connection.recv()
    except (EOFError, ConnectionError):
        _lost(worker, tallies, finished)
        return
    now = time.monotonic()
    failures = [Failure(group.family, group.token(number), detail) for number, detail in told.failures]
    heard = Tally(told.cases, told.struck, failures, seconds=now - worker.heard)
    for name, value in told.samples:
        heard.samples.setdefault(name, []).append(value)
    worker.heard = now
    _count(worker, heard, tallies)
    if told.group_done:
        worker.group = None
        finished(group, worker.so_far)


def _lost(worker: _Worker, tallies: dict[str, Tally], finished: OnGroup) -> None:
    group = worker.group
    assert group is not None
    worker.process.kill()
    worker.process.join()
    number = min(group.first + worker.so_far.cases, group.count - 1)
    failure = Failure(group.family, group.token(number), "the worker ended, or fell silent, in this case")
    _count(worker, Tally(1, failures=[failure]), tallies)
    worker.group = None
    finished(group, worker.so_far)


def _count(worker: _Worker, heard: Tally, tallies: dict[str, Tally]) -> None:
    assert worker.group is not None
    worker.so_far.add(heard)
    tallies.setdefault(worker.group.family, Tally()).add(heard)
