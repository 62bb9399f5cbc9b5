"""Runs backtests asked for, one at a time, each in a process of its own that ends with whoever asked."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hedgerow.clock import wall_now
from hedgerow.domain.backtest_run import Run, RunState
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition
from hedgerow.store.backtest_runs import read_run, report_path
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.location import Place
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.stats.config import StatsConfig
from services.stats.domain import run_id_of, spec_file

_RUNS = metrics.counter("hedgerow_stats_backtests_total", "Backtests asked for, by what became of them.", ("state",))
_MODULE = "services.stats.backtest_child"
_LONGEST_LINE = 1 << 16


class Progress(NamedTuple):
    """What is being done, and wall seconds since it began."""

    text: str
    elapsed_s: float


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
        self._process: asyncio.subprocess.Process | None = None
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
        run_id = run_id_of(wanted.run_id or _made_run_id())
        if self._active:
            raise FailedPrecondition(f"backtest {self._active} is at work; one runs at a time", "BACKTEST_RUNNING")
        if report_path(self._config.root, run_id).exists():
            raise AlreadyExists(f"run {run_id} has a report; choose another run id")
        self._active = run_id
        began, wall = time.monotonic(), wall_now()
        ended = Run(run_id, RunState.CANCELED, wall, error="canceled by whoever asked for it")
        facts: dict[str, Any] = {}
        try:
            kept = {
                "run_id": run_id, "state": RunState.RUNNING.value, "spec_path": str(spec), "sets": list(wanted.sets),
                "created_ns": wall, "ended_ns": 0, "error": "",
            }  # fmt: skip
            await self._keep(Write("backtest_runs", kept, WriteMode.UPSERT))
            process = await self._start(spec, run_id, wanted)
            try:
                deadline = began + self._config.backtest_seconds
                text, told = "starting", asyncio.ensure_future(_line(process))
                while True:
                    done, _ = await asyncio.wait((told,), timeout=self._config.progress_s)
                    elapsed = time.monotonic() - began
                    if time.monotonic() > deadline:
                        limit = f"it took longer than {self._config.backtest_seconds:g} s (stats.backtest_seconds)"
                        ended = Run(run_id, RunState.FAILED, wall, error=limit)
                        break
                    if done:
                        heard = told.result()
                        if heard is None:
                            code = await process.wait()
                            ended = Run(run_id, RunState.FAILED, wall, error=_end(code))
                            break
                        if "done" in heard:
                            facts = heard["done"]
                            ended = read_run(self._config.root, run_id)
                            break
                        if "refused" in heard:
                            ended = Run(run_id, RunState.FAILED, wall, error=str(heard["refused"]))
                            break
                        text, told = str(heard.get("say", text)), asyncio.ensure_future(_line(process))
                    yield Progress(text, elapsed)
            finally:
                told.cancel()
                await asyncio.shield(_end_group(process))
        finally:
            self._process = None
            self._active = ""
            await asyncio.shield(self._told(ended, facts))
        yield ended

    async def _start(self, spec: Path, run_id: str, wanted: Wanted) -> asyncio.subprocess.Process:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True, limit=_LONGEST_LINE,
        )  # fmt: skip
        assert process.stdin is not None
        told = {
            "spec": str(spec), "run_id": run_id, "sets": wanted.sets, "root": str(self._config.root),
            "folders": [str(folder) for folder in self._config.folders], "mode": self._config.backtest_mode,
            "memory_mb": self._config.backtest_memory_mb,
        }  # fmt: skip
        # stdin stays open: its end tells the child that we are gone, however we went
        process.stdin.write(json.dumps(told).encode() + b"\n")
        return process

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
        if self._process is not None:
            _kill_group(self._process)

    async def close(self) -> None:
        """Ends the run at work and closes the database."""
        self.stop()
        if self._writer is not None:
            await self._writer.close()
        if self._store is not None:
            self._store.close()


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any] | None:
    """What the process tells next, None at its end."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    return json.loads(line) if line else None


def _kill_group(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def _end_group(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill_group(process)
    await process.wait()


def _end(code: int) -> str:
    words = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return f"the process that ran it {words} and told of no result"


def _made_run_id() -> str:
    return f"bt-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
