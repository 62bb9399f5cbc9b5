"""The clock file: one writer, readers that never see a torn state nor run past the watermark."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from hedgerow.clock import ClockFileError, ClockReading, ClockWriter, ReplayClock, WallClock

START = 1_450_967_400_000_000_000
MINUTE = 60_000_000_000


def test_a_new_clock_stands_still(tmp_path: Path) -> None:
    ClockWriter(tmp_path / "clock", START, MINUTE)
    clock = ReplayClock(tmp_path / "clock")
    assert clock.market_now() == START
    assert (clock.speed, clock.interval_ns, clock.event_time()) == (0.0, MINUTE, START)


def test_market_time_never_passes_the_watermark_by_more_than_an_interval(tmp_path: Path) -> None:
    writer = ClockWriter(tmp_path / "clock", START, MINUTE)
    writer.set_speed(1e9)
    clock = ReplayClock(tmp_path / "clock")
    assert clock.market_now() == START + MINUTE
    writer.advance(START + 5 * MINUTE)
    assert clock.market_now() == START + 6 * MINUTE


def test_the_watermark_never_goes_back(tmp_path: Path) -> None:
    writer = ClockWriter(tmp_path / "clock", START, MINUTE)
    writer.advance(START + MINUTE)
    writer.advance(START)
    assert ReplayClock(tmp_path / "clock").event_time() == START + MINUTE


def test_pause_and_speed_start_new_epochs_where_time_stands(tmp_path: Path) -> None:
    writer = ClockWriter(tmp_path / "clock", START, MINUTE)
    clock = ReplayClock(tmp_path / "clock")
    writer.set_speed(1e9)
    writer.advance(START + MINUTE)
    writer.set_speed(0.0)
    stopped = clock.read()
    assert (stopped.epoch, stopped.market_anchor) == (2, START + 2 * MINUTE)
    assert clock.market_now() == START + 2 * MINUTE


def test_seek_moves_both_ways_and_end_is_seen(tmp_path: Path) -> None:
    writer = ClockWriter(tmp_path / "clock", START, MINUTE)
    clock = ReplayClock(tmp_path / "clock")
    writer.seek(START + 7 * MINUTE)
    assert clock.market_now() == START + 7 * MINUTE
    writer.seek(START)
    assert clock.market_now() == START
    writer.end()
    assert clock.read().ended


def test_a_reading_interpolates_at_its_speed() -> None:
    reading = ClockReading(1, START, 1_000, 600.0, START + 10 * MINUTE, MINUTE, False)
    assert reading.at(1_000 + 1_000_000) == START + 600_000_000
    assert reading.at(0) == START


@pytest.mark.parametrize("content", [b"", b"x" * 72, b"HGCLOCK"])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clock"
    path.write_bytes(content)
    with pytest.raises(ClockFileError, match="clock"):
        ReplayClock(path)


def test_a_missing_file_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(ClockFileError, match="hedgerow ibsim"):
        ReplayClock(tmp_path / "none")


def test_another_process_never_reads_a_torn_state(tmp_path: Path) -> None:
    """The writer keeps anchor == watermark; a torn read would show them apart."""
    path = tmp_path / "clock"
    writer = ClockWriter(path, START, 0)
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(path)], stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": "libs:.", "PATH": ""},
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    market = START
    while reader.poll() is None:
        market += 1
        writer.seek(market)
    assert reader.stdout.read() == "0 torn\n"


_READER = """
import sys
from pathlib import Path
from hedgerow.clock import ReplayClock
clock = ReplayClock(Path(sys.argv[1]))
print("ready", flush=True)
torn = 0
for _ in range(20000):
    state = clock.read()
    torn += state.market_anchor != state.watermark
print(torn, "torn", flush=True)
"""


def test_the_wall_clock_is_market_time_with_a_real_broker() -> None:
    before = time.time_ns()
    clock = WallClock()
    assert before <= clock.market_now() <= clock.event_time() <= time.time_ns()
    assert (clock.speed, clock.interval_ns) == (1.0, 0)
