"""Market time as the simulated gateway keeps and publishes it."""

from __future__ import annotations

from pathlib import Path

from hedgerow.clock import ClockWriter, ReplayClock
from hedgerow.ibsim.market_time import MarketTime, left_off
from hedgerow.ibsim.times import SECOND_NS, Hours, event_text, with_zone

HOURS = Hours(100 * SECOND_NS, 200 * SECOND_NS)
START = 50 * SECOND_NS


def test_starts_paused_and_never_passes_the_last_event_by_more_than_an_interval(tmp_path: Path) -> None:
    time = MarketTime(tmp_path / "clock", START, SECOND_NS, HOURS)
    clock = ReplayClock(tmp_path / "clock")
    assert time.now() == clock.market_now() == START
    time.set_speed(1e9)
    while time.unbounded() < START + 10 * SECOND_NS:
        pass
    assert time.now() == clock.market_now() == START + SECOND_NS
    time.advance(START + SECOND_NS)
    assert clock.event_time() == START + SECOND_NS
    assert clock.market_now() <= START + 2 * SECOND_NS


def test_a_restarted_gateway_takes_the_clock_over_under_its_readers(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    first = MarketTime(path, START, SECOND_NS, HOURS)
    first.set_speed(600.0)
    first.advance(START + SECOND_NS)
    reader = ReplayClock(path)
    assert left_off(path) == (START + SECOND_NS, 600.0)
    second = MarketTime(path, START + SECOND_NS, SECOND_NS, HOURS)
    assert second.epoch > first.epoch
    assert reader.speed == 0.0
    second.advance(START + 2 * SECOND_NS)
    assert reader.event_time() == START + 2 * SECOND_NS


def test_a_writer_that_died_inside_a_write_is_recovered_from(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    ClockWriter(path, START, SECOND_NS)
    data = bytearray(path.read_bytes())
    data[8:16] = (7).to_bytes(8, "little")  # odd: a write had begun
    path.write_bytes(data)
    ClockWriter.reopen(path, START, SECOND_NS).advance(START + 5)
    assert ReplayClock(path).event_time() == START + 5


def test_what_is_no_clock_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_bytes(b"x" * 200)
    assert left_off(path) == (0, 0.0)
    ClockWriter.reopen(path, START, SECOND_NS)
    assert ReplayClock(path).market_now() == START
    assert left_off(tmp_path / "absent") == left_off(None) == (0, 0.0)


def test_an_ended_clock_is_not_resumed(tmp_path: Path) -> None:
    time = MarketTime(tmp_path / "clock", START, SECOND_NS, HOURS)
    time.set_speed(600.0)
    time.end()
    assert left_off(tmp_path / "clock") == (START, 0.0)


def test_times_are_new_york_with_the_zone_from_version_163() -> None:
    christmas_eve = 1_450_967_400 * SECOND_NS
    assert with_zone(christmas_eve) == "20151224 09:30:00 US/Eastern"
    assert event_text(1_450_967_400, 176) == "20151224 09:30:00 US/Eastern"
    assert "  " in event_text(1_450_967_400, 157)
    assert "US" not in event_text(1_450_967_400, 157)


def test_hours_hold_their_open_but_not_their_close() -> None:
    assert HOURS.contains(HOURS.open_ns)
    assert not HOURS.contains(HOURS.close_ns)
    assert not HOURS.contains(HOURS.open_ns - 1)
