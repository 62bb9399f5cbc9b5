"""The latches that stand, in a file of their own: what a kill is remembered by when the journal cannot take it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hedgerow.domain.errors import InvalidValue, Unavailable
from services.execution.domain.latches import LatchEvent, LatchFact, latch_event, latch_payload


class LatchFile:
    """Rewritten whole and synced at each change, on a thread of its own: a slow disk stops nobody else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "latch-file")

    def read(self) -> list[LatchEvent]:
        """The facts that set what stood at the last change; none where there is no file.

        Raises InvalidValue for a damaged one: whether orders may leave is not known then.
        """
        try:
            rows = json.loads(self._path.read_text())["latches"]
            return [latch_event(LatchFact.SET, row) for row in rows]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            fix = "repair it, or remove it once every latch that should stand is known to the journal"
            raise InvalidValue("latch file", str(self._path), f"a readable list of latches ({error})", fix) from error

    async def write(self, standing: Sequence[LatchEvent]) -> None:
        """Replaces the file by these facts, on disk when this returns; raises Unavailable."""
        text = json.dumps({"latches": [latch_payload(event) for event in standing]}, indent=1) + "\n"
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._replace, text)
        except OSError as error:
            raise Unavailable(f"latch file {self._path}: {error}", "STORE_UNAVAILABLE") from error

    def _replace(self, text: str) -> None:
        part = self._path.with_suffix(".part")
        with part.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Ends the thread, without waiting for a disk that hangs."""
        self._thread.shutdown(wait=False, cancel_futures=True)
