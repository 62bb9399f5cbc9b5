"""A simulated gateway on a small tape, its market time standing still until a test moves it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hedgerow.clock import ReplayClock
from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.ib.link import IbLink
from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.config import IbsimConfig, InitialPosition
from hedgerow.ibsim.server import IbsimServer
from hedgerow.settings import BrokerSettings
from hedgerow.tape.format import TapeColumns, TapeMeta
from hedgerow.tape.writer import write_tape

GOOG = stock("GOOG")
CALL = option("GOOG", date(2016, 1, 22), Decimal(750), Right.CALL)
PUT = option("GOOG", date(2016, 1, 22), Decimal("747.5"), Right.PUT)
MINUTE_NS = 60_000_000_000
OPEN_NS = int(datetime(2015, 12, 24, 14, 30, tzinfo=UTC).timestamp()) * 1_000_000_000
CLOSE_NS = int(datetime(2015, 12, 24, 18, 0, tzinfo=UTC).timestamp()) * 1_000_000_000
START_NS = OPEN_NS + 10 * MINUTE_NS


def small_tape(path: Path, instruments: tuple[Instrument, ...] = (GOOG, CALL, PUT)) -> Path:
    """One row per instrument and minute for half an hour."""
    quotes = {0: (749.0, 749.2, 100.0, 200.0), 1: (14.0, 14.4, 10.0, 20.0), 2: (13.0, 13.5, 11.0, 21.0)}
    minutes, count = 30, len(instruments)
    ts = np.repeat(OPEN_NS + np.arange(1, minutes + 1) * MINUTE_NS, count)
    rows = [quotes[i % 3] for i in range(count)] * minutes
    table = np.array(rows)
    columns = TapeColumns(
        ts=ts.astype(np.int64),
        instrument=np.tile(np.arange(count), minutes).astype(np.int32),
        bid=table[:, 0].copy(),
        ask=table[:, 1].copy(),
        bid_size=table[:, 2].copy(),
        ask_size=table[:, 3].copy(),
        extended=np.zeros(len(ts), dtype=np.bool_),
    )
    meta = TapeMeta(
        1,
        "GOOG",
        date(2015, 12, 24),
        "America/New_York",
        60_000,
        "made by a test",
        None,
        OPEN_NS,
        CLOSE_NS,
        instruments,
    )
    write_tape(path, meta, columns)
    return path


class Gateway:
    """One simulated gateway and how to reach it; `restart` keeps the port and the book."""

    def __init__(
        self, root: Path, instruments: tuple[Instrument, ...] = (GOOG, CALL, PUT), held: Instrument = CALL,
        contracts: int = 20, **changes: Any,
    ) -> None:  # fmt: skip
        tape = root / "small.parquet"
        if not tape.exists():
            small_tape(tape, instruments)
        self.clock_file = root / "clock"
        self.config = IbsimConfig(
            port=0,
            tape=tape,
            start_ns=START_NS,
            clock_file=self.clock_file,
            book_file=root / "book.db",
            wire_log=root / "wire.log",
            positions=(
                InitialPosition(
                    instrument_id=held.instrument_id, quantity=Decimal(contracts), average_price=Decimal("14.2")
                ),
            ),
            **changes,
        )
        self.server = IbsimServer(self.config)
        self.port = 0
        self._running = False

    async def start(self) -> None:
        """Starts it, on the port it had before."""
        self.server = IbsimServer(self.config.model_copy(update={"port": self.port}))
        await self.server.start()
        self.port = self.server.port
        self._running = True

    async def stop(self) -> None:
        """Stops it; again is harmless."""
        if self._running:
            self._running = False
            await self.server.stop()

    async def admin(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One admin command."""
        return await admin_call_async(self.server.admin_port, command, **arguments)

    async def tick(self, instrument: Instrument, bid: float | None, ask: float | None, **sizes: float) -> None:
        """Sets and sends a quote."""
        await self.admin("emit_tick", instrument_id=instrument.instrument_id, bid=bid, ask=ask, **sizes)

    def broker(self, **changes: Any) -> BrokerSettings:
        """Settings that lead here, with short waits."""
        quick = {"attempt_timeout_s": 5.0, "retry_interval_s": 0.2, "request_timeout_s": 2.0, "probe_interval_s": 0.5}
        return BrokerSettings(**({"port": self.port} | quick | changes))  # type: ignore[arg-type]

    @property
    def clock(self) -> ReplayClock:
        """The clock it publishes."""
        return ReplayClock(self.clock_file)


async def until(condition: Callable[[], object], what: str, limit_s: float = 10.0) -> None:
    """Waits until `condition` holds; fails naming `what`."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"not within {limit_s} s: {what}")
        await asyncio.sleep(0.005)


async def ready(link: IbLink) -> IbLink:
    """Starts a link and waits until it is ready."""
    link.start()
    await until(lambda: link.ready, f"link ready, it is {link.state}")
    return link
