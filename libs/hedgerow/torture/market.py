"""The simulated gateway of a world: in the rig's own process, on one quote, its market time standing still."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from hedgerow.clock import ReplayClock
from hedgerow.domain.execution_report import split_revision
from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.faults.engine import Run
from hedgerow.ibsim.faults.scenario import read_fault
from hedgerow.ibsim.orders import Execution, SimOrder
from hedgerow.ibsim.server import IbsimServer
from hedgerow.tape.format import TapeColumns, TapeMeta
from hedgerow.tape.writer import write_tape

ACCOUNT = "SIM0000001"
GOOG = stock("GOOG")
CALL = option("GOOG", date(2016, 1, 22), Decimal(750), Right.CALL)
BID, ASK = 749.0, 749.2
QUOTES = ((GOOG, BID, ASK), (CALL, 14.0, 14.4))
SIZE = 1_000_000.0
_MINUTE_NS = 60_000_000_000
_OPEN_NS = int(datetime(2015, 12, 24, 14, 30, tzinfo=UTC).timestamp()) * 1_000_000_000
_CLOSE_NS = int(datetime(2015, 12, 24, 18, 0, tzinfo=UTC).timestamp()) * 1_000_000_000


def write_quotes(path: Path) -> Path:
    """A tape of the same quotes at a few minutes, written once."""
    if not path.exists():
        minutes, count = 30, len(QUOTES)
        rows = np.array([[bid, ask, SIZE, SIZE] for _, bid, ask in QUOTES] * minutes)
        ts = np.repeat(_OPEN_NS + np.arange(1, minutes + 1) * _MINUTE_NS, count).astype(np.int64)
        columns = TapeColumns(
            ts=ts, instrument=np.tile(np.arange(count), minutes).astype(np.int32), bid=rows[:, 0].copy(),
            ask=rows[:, 1].copy(), bid_size=rows[:, 2].copy(), ask_size=rows[:, 3].copy(),
            extended=np.zeros(len(ts), dtype=np.bool_),
        )  # fmt: skip
        instruments = tuple(each for each, _, _ in QUOTES)
        meta = TapeMeta(
            1, "GOOG", date(2015, 12, 24), "America/New_York", 60_000, "one quote", None, _OPEN_NS, _CLOSE_NS,
            instruments,
        )  # fmt: skip
        write_tape(path, meta, columns)
    return path


class Market:
    """A gateway that can be ended and begun again on its book."""

    def __init__(self, folder: Path, tape: Path, **changes: Any) -> None:
        self.clock_file = folder / "clock"
        fields: dict[str, Any] = {
            "port": 0, "tape": tape, "start_ns": _OPEN_NS + 10 * _MINUTE_NS, "clock_file": self.clock_file,
            "book_file": folder / "book.db", "wire_log": folder / "wire.log", "account": ACCOUNT,
        }  # fmt: skip
        self.config = IbsimConfig(**(fields | changes))
        self.port = 0
        self._server: IbsimServer | None = None

    async def start(self) -> None:
        """Listens, on the port it had before."""
        self._server = IbsimServer(self.config.model_copy(update={"port": self.port}))
        await self._server.start()
        self.port = self._server.port

    async def stop(self) -> None:
        """Ends; its book stays."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    @property
    def server(self) -> IbsimServer:
        """The running one."""
        assert self._server is not None, "the gateway does not run"
        return self._server

    @property
    def clock(self) -> ReplayClock:
        """The market time it publishes."""
        return ReplayClock(self.clock_file)

    def quote(self, instrument: Instrument, bid: float | None, ask: float | None, size: float = SIZE) -> None:
        """Sets a quote and fills what it crosses."""
        simulation = self.server.simulation
        simulation.emit(simulation.universe.by_id[instrument.instrument_id], bid, ask, size, size)

    def fault(self, action: str, **arguments: Any) -> Run:
        """Arms a scripted fault; `applied` of what it gives counts what it has done."""
        return self.server.simulation.faults.arm(read_fault({"action": action, **arguments}))

    def heal(self) -> None:
        """Ends every fault."""
        if self._server is not None:
            self._server.simulation.faults.clear()

    def executions(self) -> list[Execution]:
        """Every execution in its newest revision."""
        newest: dict[str, Execution] = {}
        for each in self.server.simulation.book.executions:
            newest[split_revision(each.execution_id)[0]] = each
        return list(newest.values())

    def restore_quotes(self) -> None:
        """Every quote as at the beginning, its sizes whole."""
        for instrument, bid, ask in QUOTES:
            self.quote(instrument, bid, ask)

    def orders(self, client_order_id: str) -> list[SimOrder]:
        """What the broker's book holds under that name."""
        return [
            each for each in self.server.simulation.book.orders.values() if each.fields["orderRef"] == client_order_id
        ]

    def positions(self) -> dict[str, Decimal]:
        """The broker's positions by instrument id, zeros left out."""
        book = self.server.simulation.book
        return {name: each.quantity for name, each in book.positions.items() if each.quantity}
