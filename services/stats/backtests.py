"""Runs backtests asked for, one at a time, each in a process of its own that ends with whoever asked."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hedgerow.clock import wall_now
from hedgerow.domain.backtest_run import Run, RunState, check_run_id
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.store.backtest_runs import read_run, report_path
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.location import Place
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.stats.child import LONGEST_LINE, Child
from services.stats.config import StatsConfig
from services.stats.domain import spec_file

_RUNS = metrics.counter("hedgerow_stats_backtests_total", "Backtests asked for, by what became of them.", ("state",))


class Progress(NamedTuple):
    """What is being done, and wall seconds since it began; `new` False when it was told before."""

    text: str
    elapsed_s: float
    new: bool


class Wanted(NamedTuple):
    """A backtest as it is asked for; `run_id` empty = one is made."""

    spec_path: str
    run_id: str
    sets: tuple[str, ...]


class Backtests:
    """Keeps in stats.db what became of each; `stop` ends the one at work."""

    def __init__(self, place: Place, config: StatsConfig) -> None:
        self._place = place
        self._config = config
        self._active = ""
        self._child: Child | None = None
        self._store: Store | None = None
        self._writer: AsyncWriter | None = None

    @property
    def active(self) -> frozenset[str]:
        """The run at work."""
        return frozenset({self._active} if self._active else ())

    async def run(self, wanted: Wanted) -> AsyncGenerator[Progress | Run, None]:
        """Progress every few seconds, at last the run; closing it cancels the run.

        Raises InvalidValue for a file outside the allowed folders or a run id that is none, AlreadyExists for one that
        was used, FailedPrecondition (BACKTEST_RUNNING) while another is at work, Unavailable when stats.db fails.
        """
        spec = spec_file(wanted.spec_path, self._config.folders)
        run_id = check_run_id(wanted.run_id or _made_run_id())
        if self._active:
            raise FailedPrecondition(f"backtest {self._active} is at work; one runs at a time", "BACKTEST_RUNNING")
        if report_path(self._config.root, run_id).exists():
            raise AlreadyExists(f"run {run_id} has a report; choose another run id")
        request = self._request(spec, run_id, wanted)
        self._active = run_id
        wall = wall_now()
        ended = Run(run_id, RunState.CANCELED, wall, error="canceled by whoever asked for it")
        facts: dict[str, Any] = {}
        try:
            kept = {
                "run_id": run_id, "state": RunState.RUNNING.value, "spec_path": str(spec), "sets": list(wanted.sets),
                "created_ns": wall, "ended_ns": 0, "error": "",
            }  # fmt: skip
            await self._keep(Write("backtest_runs", kept, WriteMode.UPSERT))
            self._child = child = await Child.start(request)
            try:
                async with aclosing(self._followed(child)) as steps:
                    async for step in steps:
                        if isinstance(step, Progress):
                            yield step
                        elif isinstance(step, str):
                            ended = Run(run_id, RunState.FAILED, wall, error=step)
                        else:
                            facts = step
                            ended = read_run(self._config.root, run_id)
            finally:
                await asyncio.shield(child.end())
        finally:
            self._child = None
            self._active = ""
            await asyncio.shield(self._told(ended, facts))
        yield ended

    async def _followed(self, child: Child) -> AsyncGenerator[Progress | str | dict[str, Any], None]:
        """Progress, at last what came of it: its facts, or why there is no report."""
        began = time.monotonic()
        text, told = "starting", asyncio.ensure_future(child.line())
        try:
            while True:
                done, _ = await asyncio.wait((told,), timeout=self._config.progress_s)
                elapsed = time.monotonic() - began
                if elapsed > self._config.backtest_seconds:
                    yield f"it took longer than {self._config.backtest_seconds:g} s (stats.backtest_seconds)"
                    return
                if done:
                    heard = told.result()
                    if heard is None:
                        yield await child.last_words()
                        return
                    if "done" in heard:
                        yield dict(heard["done"])
                        return
                    if "refused" in heard:
                        yield str(heard["refused"])
                        return
                    text, told = str(heard["say"]), asyncio.ensure_future(child.line())
                yield Progress(text, elapsed, bool(done))
        finally:
            told.cancel()

    def _request(self, spec: Path, run_id: str, wanted: Wanted) -> bytes:
        told = {
            "spec": str(spec), "run_id": run_id, "sets": wanted.sets, "root": str(self._config.root),
            "folders": [str(folder) for folder in self._config.folders], "mode": self._config.backtest_mode,
            "memory_mb": self._config.backtest_memory_mb,
        }  # fmt: skip
        line = json.dumps(told).encode() + b"\n"
        if len(line) > LONGEST_LINE:
            raise InvalidValue("sets", len(line), f"at most {LONGEST_LINE} bytes of overrides")
        return line

    async def _told(self, run: Run, facts: dict[str, Any]) -> None:
        _RUNS.labels(run.state.value).inc()
        get_logger().info("backtest", run_id=run.run_id, state=run.state.value, error=run.error)
        values = {"run_id": run.run_id, "state": run.state.value, "error": run.error, "ended_ns": wall_now(), **facts}
        await self._keep(Write("backtest_runs", values, WriteMode.UPDATE))

    async def _keep(self, row: Write) -> None:
        if self._writer is None:  # only who is asked for a backtest writes
            self._store = await asyncio.to_thread(open_store, self._place, "stats")
            acquire_epoch(self._store, "stats")
            self._writer = AsyncWriter(self._store)
        await self._writer.write([row])

    def stop(self, _: str = "") -> None:
        """Ends the run at work: its stream tells that it failed."""
        if self._child is not None:
            self._child.kill()

    async def close(self) -> None:
        """Ends the run at work and closes the database."""
        self.stop()
        if self._writer is not None:
            await self._writer.close()
        if self._store is not None:
            self._store.close()


def _made_run_id() -> str:
    return f"bt-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
