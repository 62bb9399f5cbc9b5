"""Combinations on all cores: forked workers that share everything made before, fed one combination at a time.

Fork only where no thread runs and no gRPC is loaded (`host` sees to that): its channels hang in forked children.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from hedgerow.domain.errors import FailedPrecondition

T = TypeVar("T")


def each(work: Callable[[int], T], indexes: list[int], jobs: int) -> Iterator[tuple[int, T]]:
    """`work` of every index in the order it is done; with one job in this very process.

    A worker ends when this process does, at the latest after the index it is at. Raises FailedPrecondition when a
    worker dies, whatever `work` raises as it is.
    """
    if jobs <= 1 or len(indexes) <= 1:
        for index in indexes:
            yield index, work(index)
        return
    context = multiprocessing.get_context("fork")
    ours: list[Connection] = []
    processes = []
    for _ in range(min(jobs, len(indexes))):
        mine, theirs = context.Pipe()
        ours.append(mine)
        process = context.Process(target=_serve, args=(work, theirs, tuple(ours)), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
    waiting = iter(indexes)
    at: dict[Connection, int] = {}
    try:
        for connection in ours:
            at[connection] = next(waiting)
            connection.send(at[connection])
        while at:
            for ready in wait(list(at)):
                assert isinstance(ready, Connection)
                index = at.pop(ready)
                try:
                    outcome = ready.recv()
                except EOFError:
                    rule = "a worker process ended in the middle of it; is there enough memory?"
                    raise FailedPrecondition(f"combination {index}: {rule}", "WORKER_LOST") from None
                if isinstance(outcome, Exception):
                    raise outcome
                following = next(waiting, None)
                if following is not None:
                    at[ready] = following
                    ready.send(following)
                yield index, outcome
    finally:
        for connection in ours:
            connection.close()
        for process in processes:
            process.terminate()
            process.join()


def _serve(work: Callable[[int], T], connection: Connection, others: tuple[Connection, ...]) -> None:
    """A worker: the parent's ends it inherited are closed, so that the parent's death is an end of file."""
    for other in others:
        other.close()
    try:
        while True:
            index = connection.recv()
            try:
                outcome: T | Exception = work(index)
            except ValueError as error:
                outcome = error
            connection.send(outcome)
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return
