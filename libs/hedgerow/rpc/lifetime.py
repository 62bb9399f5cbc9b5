"""The ends of a process: with its parent, within a limit, and the file that says it runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

_POLL_S = 0.5


def end_with_parent(parent: int, stop: Callable[[], None]) -> None:
    """Calls `stop` when process `parent` ends, at once if it has ended already.

    A pidfd instead of PR_SET_PDEATHSIG, which fires when the parent's *thread* that started us ends.
    """
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(parent)
    except ProcessLookupError:
        stop()
        return
    except (AttributeError, OSError):  # no pidfd on this system: ask now and then
        _poll_parent(parent, stop, loop)
        return

    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        stop()

    loop.add_reader(descriptor, ended)


def _poll_parent(parent: int, stop: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    try:
        os.kill(parent, 0)
    except ProcessLookupError:
        stop()
    else:
        loop.call_later(_POLL_S, _poll_parent, parent, stop, loop)


def end_within(seconds: int) -> None:
    """From now the process has `seconds` to end; then the kernel ends it, stuck or not. The first call counts."""
    if signal.getitimer(signal.ITIMER_REAL)[0] == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


class RunFile:
    """`run/<name>.json`: {pid, port, metrics_port, started}, there only while the process serves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = False

    def write(self, port: int, metrics_port: int) -> None:
        """Writes it, whole or not at all; `started` is wall ns UTC."""
        body = {"pid": os.getpid(), "port": port, "metrics_port": metrics_port, "started": time.time_ns()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(body) + "\n")
        os.replace(part, self._path)
        self._written = True

    def remove(self) -> None:
        """Removes it, if this process wrote it."""
        if self._written:
            self._path.unlink(missing_ok=True)
            self._written = False
