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


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    group: Group | None = None
    done: int = 0
    heard: float = 0.0
    begun: float = 0.0


OnProgress = Callable[[dict[str, Tally]], None]


def run_groups(
    todo: Iterator[Group], workers: int, *, processes: bool, until: float | None = None, first_failure: bool = False,
    progress: OnProgress = lambda _: None,
) -> dict[str, Tally]:  # fmt: skip
    """Runs the groups on so many workers; what each family came to.

    `processes`: whether any group needs a world. None begins after monotonic time `until`; with `first_failure` all
    ends at the first one.
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
        worker.group, worker.done = (None if late else next(todo, None)), 0
        worker.heard = worker.begun = time.monotonic()
        worker.connection.send(worker.group)

    try:
        crew += [hire() for _ in range(workers)]
        for worker in crew:
            feed(worker)
        while busy := [worker for worker in crew if worker.group is not None]:
            for ready in wait([worker.connection for worker in busy], timeout=1.0):
                worker = next(each for each in busy if each.connection is ready)
                _hear(worker, tallies)
                if worker.group is None and worker.process.is_alive():
                    feed(worker)
                progress(tallies)
                if first_failure and any(tally.failures for tally in tallies.values()):
                    return tallies
            for number, worker in enumerate(crew):
                gone = not worker.process.is_alive() and not worker.connection.poll()
                if worker.group is not None and (gone or time.monotonic() - worker.heard > SILENCE_S):
                    _lost(worker, tallies)
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


def _hear(worker: _Worker, tallies: dict[str, Tally]) -> None:
    group = worker.group
    assert group is not None
    try:
        told: Told = worker.connection.recv()
    except (EOFError, ConnectionError):
        _lost(worker, tallies)
        return
    tally = tallies.setdefault(group.family, Tally())
    tally.cases += told.cases
    tally.struck += told.struck
    for name, value in told.samples:
        tally.samples.setdefault(name, []).append(value)
    tally.failures += [Failure(group.family, group.token(number), detail) for number, detail in told.failures]
    now = time.monotonic()
    tally.seconds += now - worker.heard
    worker.heard, worker.done = now, worker.done + told.cases
    if told.group_done:
        worker.group = None


def _lost(worker: _Worker, tallies: dict[str, Tally]) -> None:
    group, worker.group = worker.group, None
    assert group is not None
    worker.process.kill()
    worker.process.join()
    number = min(group.first + worker.done, group.count - 1)
    tally = tallies.setdefault(group.family, Tally())
    tally.cases += 1
    tally.failures.append(Failure(group.family, group.token(number), "the worker ended, or fell silent, in this case"))
