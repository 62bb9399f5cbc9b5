"""Playing days: every row, in order, after the clock; what a restart goes on with; day after day."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.clock import ReplayClock
from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.server import IbsimServer
from hedgerow.ibsim.simulation import Row, Simulation
from hedgerow.tape.format import Tape
from hedgerow.tape.synth import synth_tape
from hedgerow.tape.writer import write_tape

Start = Callable[..., Awaitable[IbsimServer]]
Open = Callable[[int], Awaitable[Any]]
DAY = dt.date(2015, 12, 24)  # a half day
SECOND_NS = 10**9


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tape]:
    meta, columns = synth_tape(5, DAY, symbol="GOOG", interval_ms=60_000)
    path = tmp_path_factory.mktemp("tape") / "goog.parquet"
    write_tape(path, meta, columns)
    return path, Tape.of(meta, columns)


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.002)


async def test_every_row_of_the_day_is_sent_in_order_and_never_before_its_time(
    start_server: Start, open_raw: Open, tape: tuple[Path, Tape], tmp_path: Path
) -> None:
    path, rows = tape
    server = await start_server(tape=path, start_ns=None, speed=20_000)
    clock = ReplayClock(tmp_path / "clock")
    client = await open_raw(server.port)
    await client.shake_hands()
    client.send(1, 11, 1, 0, "GOOG", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "")
    await client.until(lambda fields: fields[0] == "46")
    client.frames.clear()
    assert clock.market_now() == rows.meta.session_open_ns - 300 * SECOND_NS
    await admin_call_async(server.admin_port, "resume")
    seen = 0
    while not clock.read().ended:
        await client.until(lambda fields: fields[0] == "46")
        watermark = clock.event_time()
        for fields in client.frames[seen:]:
            if fields[0] == "46":
                assert int(fields[4]) * SECOND_NS <= watermark
        seen = len(client.frames)
        if int(client.frames[-1][4]) * SECOND_NS >= server.simulation.day.stop - 60 * SECOND_NS:
            break
    await until(lambda: clock.read().ended)
    start, stop = server.simulation.day.start, server.simulation.day.stop
    played = (rows.instrument == 0) & (rows.ts > start) & (rows.ts <= stop)
    await client.alive()
    times = [int(fields[4]) for fields in client.frames if fields[0] == "46"]
    assert times == (rows.ts[played] // SECOND_NS).tolist()
    bids = [float(fields[4]) for fields in client.frames if fields[0] == "1" and fields[3] == "1"]
    assert bids == rows.bid[played].tolist()
    assert stop <= clock.market_now() <= stop + 60 * SECOND_NS


async def test_the_first_subscriber_gets_the_quotes_of_before(
    start_server: Start, open_raw: Open, tape: tuple[Path, Tape]
) -> None:
    path, rows = tape
    noon = rows.meta.session_open_ns + 3600 * SECOND_NS
    server = await start_server(tape=path, start_ns=noon)
    for listing in server.simulation.listings:
        index = server.simulation.listings.index(listing)
        newest = np.flatnonzero((rows.instrument == index) & (rows.ts <= noon))[-1]
        expected = rows.bid[newest]
        assert listing.quote.bid == (None if np.isnan(expected) else expected)
    client = await open_raw(server.port)
    await client.shake_hands()
    client.send(1, 11, 1, 0, "GOOG", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "")
    bid = await client.until(lambda fields: fields[0] == "1")
    assert float(bid[4]) == server.simulation.listings[0].quote.bid


async def test_pause_speed_and_seek(start_server: Start, tape: tuple[Path, Tape], tmp_path: Path) -> None:
    path, rows = tape
    server = await start_server(tape=path, start_ns=None)
    port, clock = server.admin_port, ReplayClock(tmp_path / "clock")
    noon = rows.meta.session_open_ns + 3600 * SECOND_NS
    await admin_call_async(port, "seek", market_time=noon)
    assert clock.market_now() == clock.event_time() == noon
    await admin_call_async(port, "resume", speed=6000)
    await until(lambda: clock.event_time() >= noon + 600 * SECOND_NS)
    paused = await admin_call_async(port, "pause")
    assert (clock.speed, clock.market_now()) == (0.0, paused["market_now"])
    before = clock.event_time()
    await admin_call_async(port, "status")
    assert clock.event_time() == before
    await admin_call_async(port, "seek", market_time=noon)
    quote = server.simulation.listings[0].quote
    newest = np.flatnonzero((rows.instrument == 0) & (rows.ts <= noon))[-1]
    assert quote.bid == rows.bid[newest]


async def test_a_slow_machine_makes_market_time_wait(
    start_server: Start, tape: tuple[Path, Tape], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = tape
    play, lengths = Simulation.play, []

    def slow_play(self: Simulation, market_time: int, rows: list[Row]) -> None:
        if 5 < len(lengths) < 9:
            time.sleep(0.4)  # a machine this slow cannot keep up with 600 x
        lengths.append(market_time)
        play(self, market_time, rows)

    monkeypatch.setattr(Simulation, "play", slow_play)
    server = await start_server(tape=path, start_ns=None, speed=600, autostart=True)
    clock = ReplayClock(tmp_path / "clock")
    async with asyncio.timeout(20):
        while len(lengths) < 15:
            reading = clock.read()
            assert reading.at(time.monotonic_ns()) <= reading.watermark + 60 * SECOND_NS
            await asyncio.sleep(0.005)
    assert clock.read().epoch > 1  # it re-anchored rather than piled up events
    assert server.simulation.time.unbounded() - clock.event_time() <= 0.5 * 600 * SECOND_NS
    assert np.diff(lengths).max() == 60 * SECOND_NS


async def test_a_restart_goes_on_where_the_market_stood(
    start_server: Start, tape: tuple[Path, Tape], tmp_path: Path
) -> None:
    path, _ = tape
    first = await start_server(tape=path, start_ns=None, speed=3000, autostart=True)
    clock = ReplayClock(tmp_path / "clock")
    begin = clock.market_now()
    await until(lambda: clock.event_time() > begin + 1800 * SECOND_NS)
    # What a killed process leaves: the files as they are now.
    for name in ("book.db", "book.db-wal", "clock"):
        shutil.copy(tmp_path / name, tmp_path / f"left-{name}")
    stood = ReplayClock(tmp_path / "left-clock").event_time()
    await first.stop()
    second = await start_server(
        tape=path, start_ns=None, speed=3000, book_file=tmp_path / "left-book.db", clock_file=tmp_path / "left-clock"
    )
    assert stood <= second.simulation.time.watermark <= stood + 1800 * SECOND_NS
    assert second.simulation.time.speed == 3000
    begin = second.simulation.time.watermark
    await until(lambda: second.simulation.time.watermark > begin + 600 * SECOND_NS)


async def test_synthetic_days_follow_one_another(start_server: Start, open_raw: Open) -> None:
    server = await start_server(start_ns=None, speed=100_000)
    simulation = server.simulation
    client = await open_raw(server.port)
    await client.shake_hands()
    stop = simulation.day.stop
    first_chain = set(simulation.universe.by_id)
    expired = "SIMX 20240308 100 C"
    held = expired if expired in first_chain else next(name for name in sorted(first_chain) if " C" in name)
    await admin_call_async(server.admin_port, "seek", market_time=stop - 900 * SECOND_NS)
    await admin_call_async(server.admin_port, "seed_position", instrument_id=held, quantity=2, average_price=1)
    await admin_call_async(server.admin_port, "resume")
    await until(lambda: simulation.day.number == 1)
    assert simulation.day.meta.date == dt.date(2024, 3, 5)
    assert simulation.day.meta.seed == 2
    await admin_call_async(server.admin_port, "pause")
    client.send(61, 1)
    position = await client.until(lambda fields: fields[0] == "61")
    assert position[14] == "2"
    assert simulation.accounts.holding(held).market_price > 0
    gap = abs(float(simulation.day.spot or 0) - 100)
    assert 0 < gap < 20  # the second day opens where the first ended
