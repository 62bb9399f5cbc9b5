"""Runs a sweep: combinations not finished yet, here or on a cluster, kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hedgerow.backtest.sweep.ledger import Ledger
from hedgerow.backtest.sweep.local import LocalSweep
from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Header, Row

Tell = Callable[[int, int], None]
Check = Callable[[Header], None]


class Runner(Protocol):
    """Where combinations are run."""

    def header(self) -> Header:
        """What the sweep runs over."""

    def rows(self, indexes: list[int]) -> Iterator[Row]:
        """The outcome of each of those combinations, in any order."""


@dataclass(frozen=True)
class Sweep:
    """A finished sweep: every combination's row, in the order of the combinations."""

    plan: Plan
    header: Header
    rows: tuple[Row, ...]


def _anything(header: Header) -> None:
    """Every sweep is wanted."""


def _nobody(done: int, total: int) -> None:
    """No one watches."""


def run_sweep(
    plan: Plan, jobs: int = 0, scheduler: str = "", output: Path | None = None, tell: Tell = _nobody,
    check: Check = _anything,
) -> Sweep:  # fmt: skip
    """All combinations of the plan; the same plan gives the same rows whatever `jobs`, `scheduler` or interruptions.

    `jobs` processes here (0: one per core), or the Dask cluster at `scheduler`. With `output`, finished combinations
    are kept in that folder and not run again. `tell` hears how many are done, of how many, before the first and after
    each; `check` sees what the sweep runs over before anything is run, and may raise. Raises InvalidValue,
    FailedPrecondition, Unavailable.
    """
    with ExitStack() as stack:
        runner: Runner
        if scheduler:
            from hedgerow.backtest.sweep.cluster import ClusterSweep  # noqa: PLC0415 - an optional extra

            runner = stack.enter_context(ClusterSweep(plan, scheduler))
        else:
            runner = stack.enter_context(LocalSweep(plan, jobs))
        header = runner.header()
        check(header)
        ledger = None if output is None else stack.enter_context(Ledger(output, plan, header))
        finished = {} if ledger is None else ledger.finished
        total = len(plan.combinations)
        missing = [index for index in range(total) if index not in finished]
        tell(len(finished), total)
        if missing:
            for row in runner.rows(missing):
                if ledger is not None:
                    ledger.add(row)
                finished[row.number] = row
                tell(len(finished), total)
        return Sweep(plan, header, tuple(finished[index] for index in range(total)))
