"""The session log: what is written comes back, a torn tail is cut, other damage is an error, kill -9 loses nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.domain.errors import Unavailable
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.hosting import code_version
from hedgerow.strategy.replay import verify
from hedgerow.strategy.session_log import (
    DECISION,
    OBSERVATION,
    RECORD_SIZE,
    Record,
    SessionHeader,
    SessionLog,
    SessionLogError,
    read,
)
from tests.strategy_world import World, random_event


def header(**changes: object) -> SessionHeader:
    fields = {
        "strategy": "goog", "kind": "gamma_scalper", "code_version": code_version(), "params": Params()._asdict(),
        "config": {}, "effective": {}, "config_hash": "c", "run_id": "r1",
    }  # fmt: skip
    return SessionHeader(**(fields | changes))  # type: ignore[arg-type]


def some_day(events: int = 60, seed: int = 1) -> World:
    world = World()
    world.start()
    dice = random.Random(seed)
    for _ in range(events):
        random_event(world, dice)
    return world


def written(folder: Path, world: World, chunk_bytes: int = 1 << 20) -> None:
    log = SessionLog(folder, header(), chunk_bytes)
    for seen, decision in world.log:
        log.append(seen, decision)
    log.close()


def test_records_come_back_exactly_over_chunks(tmp_path: Path) -> None:
    world = some_day()
    written(tmp_path, world, 20 * RECORD_SIZE)
    assert len(list(tmp_path.glob("chunk-*.log"))) > 2
    records = [item for item in read(tmp_path) if isinstance(item, Record)]
    assert [OBSERVATION.pack(r.observation) for r in records] == [OBSERVATION.pack(o) for o, _ in world.log]
    assert [repr(r.decision) for r in records] == [repr(d) for _, d in world.log]


def test_a_second_run_starts_from_nothing_and_gaps_are_seen(tmp_path: Path) -> None:
    world = some_day()
    written(tmp_path, world)
    written(tmp_path, world)
    assert len(verify(tmp_path).runs) == 2
    del world.log[40]
    written(tmp_path, world)
    assert verify(tmp_path).gaps == 1


@pytest.mark.parametrize("cut", [1, 5, 9, 100, RECORD_SIZE])
def test_torn_tail_is_cut_and_reported(tmp_path: Path, cut: int) -> None:
    world = some_day()
    written(tmp_path, world)
    path = tmp_path / "chunk-000000.log"
    os.truncate(path, path.stat().st_size - cut)
    report = verify(tmp_path)
    assert report.torn_tail is not None
    assert (report.ok, report.decisions) == (True, len(world.log) - 1)
    log = SessionLog(tmp_path, header())
    assert log.torn is not None
    assert log.torn.length == RECORD_SIZE + 9 - cut
    log.close()
    assert verify(tmp_path).torn_tail is None


def test_zeros_at_the_end_are_a_torn_tail(tmp_path: Path) -> None:
    written(tmp_path, some_day())
    path = tmp_path / "chunk-000000.log"
    os.truncate(path, path.stat().st_size + 5000)
    report = verify(tmp_path)
    assert report.torn_tail is not None
    assert report.torn_tail.length == 5000


def test_damage_elsewhere_is_an_error(tmp_path: Path) -> None:
    written(tmp_path, some_day(), 20 * RECORD_SIZE)
    path = tmp_path / "chunk-000001.log"
    data = bytearray(path.read_bytes())
    data[4000] ^= 1
    path.write_bytes(data)
    with pytest.raises(SessionLogError, match=r"damaged at byte .*checksum"):
        list(read(tmp_path))
    path.unlink()
    with pytest.raises(SessionLogError, match="missing"):
        verify(tmp_path)
    with pytest.raises(SessionLogError, match="no session log"):
        verify(tmp_path / "empty")


def test_a_run_of_another_layout_is_refused_and_named(tmp_path: Path) -> None:
    log = SessionLog(tmp_path, header(layout="older"))
    log.close()
    written(tmp_path, some_day())
    report = verify(tmp_path)
    assert (report.refused, report.divergences, report.ok) == (1, 0, False)
    assert "layout older" in report.runs[0].refused


def test_a_failing_disk_is_told_at_once(tmp_path: Path) -> None:
    world = some_day(5)
    log = SessionLog(tmp_path, header())
    os.close(log._file)
    with pytest.raises(Unavailable) as raised:
        log.append(*world.log[0])
    assert raised.value.reason == "JOURNAL_UNAVAILABLE"


WRITER = """
import itertools, sys
from pathlib import Path
from strategy_world import World
from hedgerow.strategy.session_log import SessionHeader, SessionLog
world = World()
world.start()
header = SessionHeader("goog", "gamma_scalper", "r1", "", "", world.params._asdict(), {}, {})
log = SessionLog(Path(sys.argv[1]), header, 1 << 16)
for n in itertools.count(1):
    log.append(*world.log[0])
    print(n, flush=True)
"""


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path, repo_root: Path) -> None:
    environment = dict(os.environ, PYTHONPATH=f"{repo_root / 'libs'}{os.pathsep}{repo_root / 'tests'}")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert writer.stdout is not None
    acknowledged = 0
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged == 500:
            writer.send_signal(signal.SIGKILL)
            break
    acknowledged += len(writer.stdout.read().split())
    writer.wait(30)
    records = sum(isinstance(item, Record) for item in read(tmp_path))
    assert records in (acknowledged, acknowledged + 1)
    assert DECISION.size + OBSERVATION.size == RECORD_SIZE
