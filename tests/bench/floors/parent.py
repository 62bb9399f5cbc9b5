"""The minimal processes as their user sees them: start, one round of each floor, end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from hedgerow.cli.ports import free_ports
from tests.bench.floors.child import READY

ROOT = Path(__file__).resolve().parents[3]


class Floor(NamedTuple):
    """One round of the floors, ms; `intent_one_way` is the first half of `intent_hop`."""

    stream_hop: float
    intent_hop: float
    intent_one_way: float
    risk_hop: float
    commit: float

    @property
    def total(self) -> float:
        """One stream hop, two bidirectional hops, one commit."""
        return self.stream_hop + self.intent_hop + self.risk_hop + self.commit


class _Process:
    def __init__(self, module: str, *arguments: object) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "libs"))),
            "GRPC_VERBOSITY": "ERROR",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.floors.{module}", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment,
        )  # fmt: skip

    def __enter__(self) -> _Process:
        line = self._line()
        if line != READY:
            raise RuntimeError(f"a minimal process said {line!r} instead of {READY}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def go(self) -> None:
        """Starts a round."""
        assert self._process.stdin is not None
        os.write(self._process.stdin.fileno(), b"g")

    def times(self) -> list[int]:
        """What the process tells of a round."""
        return [int(value) for value in self._line().split()]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


class Floors:
    """The running minimal processes; made by `floors`."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        ports = free_ports(3)
        self._source = stack.enter_context(_Process("stream_hop", "source", ports[0]))
        self._sink = stack.enter_context(_Process("stream_hop", "sink", ports[0]))
        self._pairs = []
        for port in ports[1:]:
            answerer = stack.enter_context(_Process("bidi_hop", "answerer", port))
            asker = stack.enter_context(_Process("bidi_hop", "asker", port))
            answerer.times()  # of the message that opened the stream
            self._pairs.append((asker, answerer))
        self._commit = stack.enter_context(_Process("commit", folder / "floor.db"))

    def round(self) -> Floor:
        """Each floor once."""
        self._source.go()
        [written] = self._source.times()
        [read] = self._sink.times()
        (intent_hop, one_way), (risk_hop, _) = (self._bidi(*pair) for pair in self._pairs)
        self._commit.go()
        begun, committed = self._commit.times()
        return Floor((read - written) / 1e6, intent_hop, one_way, risk_hop, (committed - begun) / 1e6)

    def _bidi(self, asker: _Process, answerer: _Process) -> tuple[float, float]:
        """ms there and back, and there."""
        asker.go()
        asked, answered = asker.times()
        [received] = answerer.times()
        return (answered - asked) / 1e6, (received - asked) / 1e6


@contextmanager
def floors(folder: Path) -> Iterator[Floors]:
    """The minimal processes, their database in `folder`; all have ended afterwards."""
    with ExitStack() as stack:
        yield Floors(stack, folder)
