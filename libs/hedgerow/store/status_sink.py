"""Status sinks: where a daemon's snapshots go, chosen by the URL in `status.sink`."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.settings import OWN_STORE
from hedgerow.store.engine import open_store
from hedgerow.store.history import History, open_history
from hedgerow.store.location import StoreLocation
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode, canonical_json

SNAPSHOT_KEYS = (
    "daemon_state", "trading_fsm_state", "hedge_fsm_state", "trading_state", "status_lamp", "symbol", "spot",
    "bid", "ask", "net_delta", "stock_position", "option_legs", "daily_hedge_count", "daily_pnl", "data_lag_ms",
    "last_ack_ts", "config", "config_hash", "code_version", "ts",
)  # fmt: skip
"""Keys every snapshot holds, null where not known; `ts` is wall time, int ns UTC. More are welcome."""


class StatusSink(Protocol):
    """Takes snapshots; never blocks the event loop."""

    def write(self, snapshot: Mapping[str, Any], history: bool, market_ns: int = 0) -> asyncio.Future[None]:
        """Makes `snapshot` the current one and, with `history`, appends it to the history.

        `market_ns` is the market time it tells of (0: the same as its `ts`).
        Raises InvalidValue at once when a key is missing. The future resolves when it is stored
        and fails with Unavailable; it need not be awaited, `failed` tells of the last failure.
        """

    @property
    def failed(self) -> str:
        """Why the last write failed, in words; empty when it succeeded."""

    @property
    def writers(self) -> tuple[AsyncWriter, ...]:
        """Writers of the databases whose histories are to be kept within their limits."""

    async def close(self) -> None:
        """Waits for what is pending."""


def check_snapshot(snapshot: Mapping[str, Any]) -> None:
    """Raises InvalidValue naming the first missing key, or a `ts` that is not int ns."""
    for key in SNAPSHOT_KEYS:
        if key not in snapshot:
            raise InvalidValue(f"snapshot.{key}", None, "every snapshot holds it, null where it is not known")
    if not isinstance(snapshot["ts"], int):
        raise InvalidValue("snapshot.ts", snapshot["ts"], "wall time in whole nanoseconds, UTC")


def open_status_sink(
    url: str, strategy: str, writer: AsyncWriter, history: History | None = None, prefix: str = ""
) -> StatusSink:
    """The sink a URL names: empty, `sqlite` or `postgresql` the strategy's own store, wherever it is;
    `postgresql://user@host:port/database` another database, in a schema that begins with `prefix`;
    `file:///path.json` a file.

    With `history` the own store's sink has that append the snapshots, and waits for the current view only.
    Raises InvalidValue naming status.sink for anything else, and as `open_store` for another database.
    """
    own = StoreSink(strategy, writer, history)
    if url in OWN_STORE or url == writer.location.url:
        return own
    parts = urlsplit(url)
    if parts.scheme == "postgresql":
        return CopiedSink(DatabaseSink(StoreLocation(url=url, prefix=prefix), strategy), own)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        if parts.netloc not in ("", "localhost") or not path.name:
            raise InvalidValue("status.sink", url, "an absolute path", "write file:///path/status.json, three slashes")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise InvalidValue("status.sink", url, "a file in a folder that exists and can be written")
        return CopiedSink(FileSink(path), own)
    raise InvalidValue(
        "status.sink", url, f"one of {', '.join(OWN_STORE[1:])}, postgresql://user@host:port/database, "
        "file:///path.json", "leave it empty for the strategy's own store",
    )  # fmt: skip


class StoreSink:
    """Current view and append-only history in the strategy's own database."""

    def __init__(self, strategy: str, writer: AsyncWriter, history: History | None = None) -> None:
        self._strategy = strategy
        self._writer = writer
        self._history = history

    @property
    def failed(self) -> str:
        """Why the last write failed, in words; empty when it succeeded."""
        return self._writer.failed

    def write(self, snapshot: Mapping[str, Any], history: bool, market_ns: int = 0) -> asyncio.Future[None]:
        """Queues one row for `status_current` and, with `history`, one for `status_history`."""
        check_snapshot(snapshot)
        row = {
            "strategy": self._strategy,
            "ts": snapshot["ts"],
            "market_ns": market_ns or snapshot["ts"],
            "status_lamp": str(snapshot["status_lamp"] or ""),
            "daemon_state": str(snapshot["daemon_state"] or ""),
            "spot": _finite(snapshot["spot"]),
            "net_delta": _finite(snapshot["net_delta"]),
            "snapshot": snapshot_json(snapshot),
        }
        writes = [Write("status_current", row, WriteMode.UPSERT)]
        if history and self._history is not None:
            self._history.append("status_history", row)
        elif history:
            writes.append(Write("status_history", row))
        return self._writer.write(writes)

    @property
    def writers(self) -> tuple[AsyncWriter, ...]:
        """The strategy's own writer."""
        return (self._writer,)

    async def close(self) -> None:
        """Nothing of its own: the writer is closed by its owner."""


class DatabaseSink(StoreSink):
    """Current view and history in another database, opened and closed with the sink; it may go and come back."""

    def __init__(self, location: StoreLocation, strategy: str) -> None:
        owner = f"strategy-{strategy}"
        self._store = open_store(location, owner)
        writer = AsyncWriter(self._store)
        self._copied = open_history(location, owner, writer)
        super().__init__(strategy, writer, self._copied)

    @property
    def failed(self) -> str:
        """Why the last write failed, in words; empty when it succeeded."""
        return super().failed or self._copied.failed

    async def close(self) -> None:
        """Stores what is pending, if the database takes it, and disconnects."""
        await self._copied.close()
        await self._writer.close()
        self._store.close()


class CopiedSink:
    """A sink elsewhere; the strategy's own store keeps the current view beside it, which a restart goes on from."""

    def __init__(self, sink: DatabaseSink | FileSink, own: StoreSink) -> None:
        self._sink = sink
        self._own = own

    @property
    def failed(self) -> str:
        """Why the last write of either failed, in words; empty when both succeeded."""
        return self._sink.failed or self._own.failed

    @property
    def writers(self) -> tuple[AsyncWriter, ...]:
        """Those of both."""
        return (*self._own.writers, *self._sink.writers)

    def write(self, snapshot: Mapping[str, Any], history: bool, market_ns: int = 0) -> asyncio.Future[None]:
        """Writes to both; the future tells of the sink."""
        future = self._sink.write(snapshot, history, market_ns)
        self._own.write(snapshot, history=False, market_ns=market_ns)
        return future

    async def close(self) -> None:
        """Waits for what is pending."""
        await self._sink.close()


class FileSink:
    """The current view as one JSON file, replaced atomically; a slow disk skips snapshots, never queues them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._next: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._failed = ""

    @property
    def failed(self) -> str:
        """Why the last write failed, in words; empty when it succeeded."""
        return self._failed

    @property
    def writers(self) -> tuple[AsyncWriter, ...]:
        """None: a file keeps no history."""
        return ()

    def write(self, snapshot: Mapping[str, Any], history: bool, market_ns: int = 0) -> asyncio.Future[None]:
        """Replaces the file; a file keeps no history."""
        check_snapshot(snapshot)
        self._next = snapshot_json(snapshot)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())
            self._task.add_done_callback(_retrieve)
        return self._task

    async def close(self) -> None:
        """Waits for the newest snapshot to be in the file."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while (text := self._next) is not None:
            self._next = None
            try:
                await asyncio.to_thread(self._replace, text)
            except OSError as error:
                self._failed = f"{self._path}: {error.strerror}"
                raise Unavailable(self._failed, "STORE_UNAVAILABLE") from error
            self._failed = ""

    def _replace(self, text: str) -> None:
        self._part.write_text(text + "\n")
        os.replace(self._part, self._path)


def snapshot_json(snapshot: Mapping[str, Any]) -> str:
    """The snapshot as JSON text; a number that is not finite becomes null, as JSON has no word for it."""
    return canonical_json(_finite(dict(snapshot)))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def _retrieve(task: asyncio.Task[None]) -> None:
    """Marks the error as seen: who does not await looks at `failed`."""
    if not task.cancelled():
        task.exception()
