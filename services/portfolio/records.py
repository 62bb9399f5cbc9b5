"""portfolio.db: executions, transfers, positions, accounts and marks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.order import Side
from hedgerow.domain.position import BROKER
from hedgerow.store.engine import Store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.spans import Keeping, SpanStore
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry.logs import get_logger
from services.portfolio.domain.ledger import FillLine, Ledger, Transfer, TransferKind
from services.portfolio.domain.views import PositionView
from services.portfolio.ports import Account, Mark


class PortfolioRecords:
    """Reads once at the start, and writes through a writer thread from then on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writer = AsyncWriter(store)
        self._failed = ""
        self._unsaved: dict[str, FillLine] = {}
        self._spans: SpanStore | None = None

    def keep_spans(self, keeping: Keeping) -> None:
        """Keeps spans of hedges from now on."""
        self._spans = SpanStore(self._store, self._writer.write, keeping)

    def restore(self, ledger: Ledger) -> None:
        """Folds every transfer and execution on disk into an empty ledger, which then resumes after the last."""
        with self._store.read() as connection:
            for row in connection.execute(sa.select(self._store.table("transfers"))):
                values = row._asdict()
                values["instrument_id"] = values.pop("instrument")
                values["kind"] = TransferKind(row.kind)
                ledger.apply_transfer(Transfer(**values))
            table = self._store.table("fills")
            for row in connection.execute(sa.select(table).order_by(table.c.sequence)):
                values = row._asdict()
                values["instrument_id"] = values.pop("instrument")
                values["side"] = Side(row.side)
                values["event_time"] = values.pop("event_ns")
                ledger.apply_fill(FillLine(**values))
                ledger.sequence = max(ledger.sequence, row.sequence)

    def accounts(self) -> list[Account]:
        """Accounts as last fetched."""
        with self._store.read() as connection:
            rows = connection.execute(sa.select(self._store.table("accounts"))).all()
        return [
            Account(
                row.account,
                row.balance,
                row.net_liquidation,
                row.buying_power,
                row.currency,
                row.broker_values,
                row.fetched_ns,
            )
            for row in rows
        ]

    def marks(self) -> list[Mark]:
        """Marks as last written."""
        with self._store.read() as connection:
            rows = connection.execute(sa.select(self._store.table("marks"))).all()
        return [Mark(row.instrument, row.price, row.bid, row.ask, row.market_ns, row.wall_ns) for row in rows]

    def write_positions(self, positions: Sequence[PositionView], lines: Sequence[FillLine] = ()) -> None:
        """Queues positions as they stand, in one commit with the executions that changed them."""
        self._unsaved |= {line.execution: line for line in lines}
        saving = dict(self._unsaved)
        sequence = max((line.sequence for line in lines), default=0)
        writes = [*(_fill(line) for line in saving.values()), *(_position(view, sequence) for view in positions)]
        if writes:
            written = self._writer.write(writes)
            written.add_done_callback(self._tell_failure)
            written.add_done_callback(lambda done: self._saved(done, saving))

    def _saved(self, written: asyncio.Future[None], lines: dict[str, FillLine]) -> None:
        """Lines that reached the disk need no other write; those that did not go along with the next.

        So the disk never has a later execution without the earlier ones, and a restart misses none.
        """
        if not written.cancelled() and written.exception() is None:
            for name, line in lines.items():
                if self._unsaved.get(name) is line:
                    del self._unsaved[name]

    def write_accounts(self, accounts: Sequence[Account]) -> None:
        """Queues account values."""
        self._queue(
            [
                Write(
                    "accounts",
                    {
                        "account": each.account,
                        "balance": each.balance,
                        "net_liquidation": each.net_liquidation,
                        "buying_power": each.buying_power,
                        "currency": each.currency,
                        "broker_values": dict(each.values),
                        "fetched_ns": each.fetched_at,
                    },
                    WriteMode.UPSERT,
                )
                for each in accounts
            ]
        )

    def write_marks(self, marks: Sequence[Mark]) -> None:
        """Queues marks."""
        self._queue(
            [
                Write(
                    "marks",
                    {
                        "instrument": each.instrument_id,
                        "price": each.price,
                        "bid": each.bid,
                        "ask": each.ask,
                        "source": "MID",
                        "market_ns": each.market_ns,
                        "wall_ns": each.wall_ns,
                    },
                    WriteMode.UPSERT,
                )
                for each in marks
            ]
        )

    async def write_transfers(self, transfers: Sequence[Transfer]) -> None:
        """Transfers and, for all but what merely came to MANUAL, their operation records, in one commit."""
        writes = []
        for each in transfers:
            values = asdict(each)
            values["instrument"] = values.pop("instrument_id")
            writes.append(Write("transfers", values))
            if each.kind in _STATES:
                writes.append(_operation(each))
        await self._writer.write(writes)

    async def close(self) -> None:
        """Writes what is queued and closes the database."""
        if self._spans is not None:
            await self._spans.close()
        await self._writer.close()
        self._store.close()

    def _queue(self, writes: list[Write]) -> None:
        if writes:
            self._writer.write(writes).add_done_callback(self._tell_failure)

    def _tell_failure(self, written: asyncio.Future[None]) -> None:
        """Logs a failing disk once, and once more when it is mended."""
        error = None if written.cancelled() else written.exception()
        failure = "" if error is None else str(error)
        if failure != self._failed:
            self._failed = failure
            get_logger().error("portfolio.db cannot be written", cause=failure or "mended")


def _fill(line: FillLine) -> Write:
    values = asdict(line)
    values["instrument"] = values.pop("instrument_id")
    values["event_ns"] = values.pop("event_time")
    return Write("fills", values, WriteMode.UPSERT)


def _position(view: PositionView, sequence: int) -> Write:
    values = {
        "account": view.account,
        "owner": view.owner,
        "instrument": view.instrument.instrument_id,
        "multiplier": view.instrument.multiplier,
        "quantity": view.quantity,
        "average_price": view.average_price,
        "realized_pnl": view.realized_pnl,
        "commissions": view.commissions,
        "fills": view.fills,
        "last_fill_price": view.last_fill_price,
        "last_fill_ns": view.last_fill_time,
        "updated_ns": wall_now(),
    }
    if sequence:
        values["sequence"] = sequence
    return Write("positions", values, WriteMode.UPSERT)


_STATES = {
    TransferKind.ADOPTION: "ADOPTED",
    TransferKind.BREAK_ASSIGNED: "ASSIGNED_BREAK",
    TransferKind.ASSIGNMENT: "ASSIGNED",
    TransferKind.EXERCISE: "EXERCISED",
    TransferKind.EXPIRY: "EXPIRED",
}


def _operation(transfer: Transfer) -> Write:
    """Whose position changed, and how: a transfer to the broker takes from its owner."""
    gives = transfer.to_owner == BROKER
    signed = -transfer.quantity if gives else transfer.quantity
    return operation_row(
        OperationType.ADOPTION if transfer.kind is TransferKind.ADOPTION else OperationType.TRANSFER,
        wall_ns=transfer.wall_ns,
        market_ns=transfer.market_ns,
        strategy=transfer.from_owner if gives else transfer.to_owner,
        instrument=transfer.instrument_id,
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=abs(signed),
        price=transfer.price,
        state=_STATES[transfer.kind],
        reason=transfer.kind.value,
        text=f"{transfer.actor}: {transfer.reason}",
    )
