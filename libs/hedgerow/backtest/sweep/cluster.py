"""The same sweep on a Dask cluster: every worker reads the tapes itself, from the same paths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hedgerow.backtest.sweep.lab import Lab
from hedgerow.backtest.sweep.parameters import Combination
from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Header, Row
from hedgerow.domain.errors import FailedPrecondition, Unavailable

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 10
AHEAD = 4
"""Combinations handed out per worker thread: enough to keep it busy, few enough to lose little."""


@lru_cache(maxsize=2)
def _lab(shared: str) -> Lab:
    return Lab(Plan.from_json(shared))


def header_on_worker(shared: str, first: Combination) -> Header:
    """The header, told by a worker: it shows that the tapes can be read there."""
    return _lab(shared).header(first)


def row_on_worker(shared: str, index: int, combination: Combination) -> Row:
    """One combination's row, on a worker; its data are made once per process and sweep."""
    return _lab(shared).row(index, combination)


class ClusterSweep:
    """Runs a plan's combinations on the cluster of a scheduler (`tcp://host:port`); a context.

    Raises FailedPrecondition without dask or when a worker runs other code, Unavailable without the scheduler or
    workers, InvalidValue for what a combination or the data refuse.
    """

    def __init__(self, plan: Plan, scheduler: str) -> None:
        try:
            from distributed import Client  # noqa: PLC0415 - an optional extra
        except ModuleNotFoundError as error:
            words = "--scheduler needs dask: pip install 'hedgerow[dask]', here and on every worker"
            raise FailedPrecondition(words, "DASK_MISSING") from error
        self._plan = plan
        self._shared = plan.without_combinations().to_json()
        try:
            self._client: Client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"--scheduler {scheduler}: no Dask scheduler answers ({error})", "NO_SCHEDULER"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            self._client.close()
            raise Unavailable(f"--scheduler {scheduler}: it has no workers", "NO_WORKERS") from error

    def __enter__(self) -> ClusterSweep:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def header(self) -> Header:
        """What the sweep runs over."""
        told = self._client.submit(header_on_worker, self._shared, self._plan.combinations[0], pure=False).result()
        assert isinstance(told, Header)
        self._code_version = told.code_version
        return told

    def rows(self, indexes: list[int]) -> Iterator[Row]:
        """The outcome of each of those combinations, in the order they are done."""
        from distributed import as_completed  # noqa: PLC0415 - an optional extra

        waiting = iter(indexes)
        threads = sum(self._client.nthreads().values())
        first = [self._submit(index) for index in islice(waiting, AHEAD * max(1, threads))]
        done = as_completed(first, loop=self._client.loop)
        for future in done:
            row = future.result()
            assert isinstance(row, Row)
            if row.code_version != self._code_version:
                words = f"combination {row.number}: a worker runs other code, or on another kind of machine"
                raise FailedPrecondition(words, "CODE_VERSION_MISMATCH")
            following = next(waiting, None)
            if following is not None:
                done.add(self._submit(following))
            yield row

    def _submit(self, index: int) -> Any:
        combination = self._plan.combinations[index]
        return self._client.submit(row_on_worker, self._shared, index, combination, pure=False)
