"""A real day: GOOG on 2015-12-24, a half day, with its whole option chain."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.clock import ReplayClock
from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.server import IbsimServer
from hedgerow.tape.lean import import_lean
from hedgerow.tape.reader import read_tape

Start = Callable[..., Awaitable[IbsimServer]]
Open = Callable[[int], Awaitable[Any]]
SECOND_NS = 10**9
CALL = ("GOOG", "OPT", "20160115", "750", "C", "100", "SMART", "", "USD", "", "")


@pytest.fixture(scope="module")
def goog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("goog") / "goog.parquet"
    import_lean(shared_data, "GOOG", dt.date(2015, 12, 24), path)
    return path


async def test_the_half_day_from_before_the_open_to_after_the_close(
    start_server: Start, open_raw: Open, goog: Path, tmp_path: Path
) -> None:
    tape = read_tape(goog)
    server = await start_server(tape=goog, start_ns=None, speed=6000, cash_usd=5_000_000)
    clock = ReplayClock(tmp_path / "clock")
    client = await open_raw(server.port)
    await client.shake_hands()
    client.send(1, 11, 1, 0, "GOOG", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "")
    client.send(1, 11, 2, 0, *CALL, 0, "", 0, 0, "")
    client.send(9, 8, 3, 0, *CALL, 0, "", "", "")
    details = await client.until(lambda fields: fields[0] == "10")
    assert details[9] == "GOOG  160115C00750000"
    early = {"symbol": "GOOG", "orderRef": "early", "totalQuantity": "20"}
    client.place(1, **early)
    client.place(2, symbol="GOOG", orderType="LMT", lmtPrice="700", orderRef="never")
    assert (await client.until(lambda fields: fields[:3] == ["3", "2", "PreSubmitted"]))[2] == "PreSubmitted"
    await admin_call_async(server.admin_port, "resume")
    async with asyncio.timeout(60):
        while not clock.read().ended:  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)
    await client.alive()
    start, stop = server.simulation.day.start, server.simulation.day.stop
    assert (tape.meta.session_close_ns - tape.meta.session_open_ns) // SECOND_NS == 3 * 3600 + 1800
    for req_id, index in (("1", 0), ("2", _index(tape.meta.instruments, "GOOG 20160115 750 C"))):
        played = (tape.instrument == index) & (tape.ts > start) & (tape.ts <= stop)
        expected = [-1.0 if np.isnan(bid) else bid for bid in tape.bid[played]]
        bids = [float(f[4]) for f in client.frames if f[0] == "1" and f[2:4] == [req_id, "1"]]
        assert bids[-len(expected) :] == expected
        assert len(bids) - len(expected) in (0, 1)  # one more when there was a quote before the start
    greeks = [f for f in client.frames if f[0] == "21" and f[1] == "2" and float(f[5]) != -2]
    assert greeks
    assert all(0 < float(f[5]) < 1 for f in greeks)
    [fill] = server.simulation.book.executions
    assert (fill.order_ref, fill.quantity) == ("early", 20)
    assert tape.meta.session_open_ns < fill.time <= tape.meta.session_open_ns + 120 * SECOND_NS
    first = np.flatnonzero((tape.instrument == 0) & (tape.ts == fill.time))[0]
    assert float(fill.price) == tape.ask[first]
    expired = next(o for o in server.simulation.book.orders.values() if o.fields["orderRef"] == "never")
    assert (expired.status.value, expired.completed_at) == ("Cancelled", tape.meta.session_close_ns)


def _index(instruments: tuple[Any, ...], name: str) -> int:
    return [instrument.instrument_id for instrument in instruments].index(name)
