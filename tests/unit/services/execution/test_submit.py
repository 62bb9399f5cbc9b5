"""One intent's way: whatever fails or changes on it, the frame leaves once, after its commit, or never."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from hedgerow.clock import WallClock, wall_now
from hedgerow.domain.command import FLATTEN_INTENT_PREFIX
from hedgerow.domain.errors import AlreadyExists, Unavailable
from hedgerow.domain.execution_report import Fill
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import ApprovedOrder, Intent, OrderCheck, OrderStatus, Side, Verdict
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.settings import Settings
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter
from hedgerow.store.transferred import Transferred
from services.execution.barrier import Barrier
from services.execution.caution import Caution
from services.execution.config import ExecutionConfig
from services.execution.domain import commands as c
from services.execution.domain.gate import Refusal
from services.execution.domain.latches import LatchEvent, LatchFact, LatchKind
from services.execution.domain.ledger import Ledger
from services.execution.domain.reconcile import BrokerTruth
from services.execution.latch_file import LatchFile
from services.execution.latching import LatchDesk
from services.execution.order_log import OrderLog, rebuild
from services.execution.ports import Broker, RiskUnavailable
from services.execution.submit import Submitter
from tests.integration.service_process import until
from tests.unit.services.execution.samples import intent

Then = Callable[["Way"], None]


class Way:
    """A submitter on a real journal; `broker` and `risk` do as they are told, and each frame looks at the disk."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.epoch = acquire_epoch(store, "execution")
        ledger = Ledger()
        rebuild(store, ledger)
        self.writer = JournalWriter(store, self.epoch)
        self.log = OrderLog(self.writer, ledger, lambda _: None, lambda: None)
        self.frames: list[tuple[ApprovedOrder, dict[str, Any]]] = []
        self.canceled: list[int] = []
        self.checks: list[OrderCheck] = []
        self.while_deciding: Then = lambda _: None
        self.while_committing: Then = lambda _: None
        self.cautious: Refusal | None = None
        self.place_fails = self.risk_fails = self.cancel_fails = False
        self.approval_ns, self.asked = 5 * 10**9, 0
        self.allowed, self.lease, self.ready, self.granted = True, True, True, 7
        self.link = BrokerLink(LinkState.READY)
        clock = WallClock()
        broker = cast(Broker, self)
        self.barrier = Barrier(self.log, broker, clock, 1.0)
        self.barrier.clean = True
        caution = cast(Caution, self)
        self.transferred = Transferred()
        config = ExecutionConfig.of(Settings())
        self.submitter = Submitter(
            config, clock, self.log, broker, self, self.barrier, self.epoch, lambda: self.lease, caution
        )

    # what is cautious for reasons of its own

    def refusal(self, intent: Intent) -> Refusal | None:
        return self.cautious

    # the broker

    up = True

    def account_refusal(self, account: str) -> str:
        return "" if account.startswith("SIM") else f"{account} is real"

    def is_known(self, instrument: Instrument) -> bool:
        return True

    def next_order_id(self, above: int) -> int:
        asyncio.get_running_loop().call_soon(self.while_committing, self)  # its commit has begun by then
        return max(above + 1, self.granted)

    def place(self, order: ApprovedOrder) -> None:
        if self.place_fails:
            raise Unavailable("the connection is gone", "BROKER_DOWN")
        self.frames.append((order, self.on_disk(order.client_order_id)))

    def cancel(self, broker_order_id: int) -> None:
        if self.cancel_fails:
            raise Unavailable("the message budget is used up", "PACING")
        self.canceled.append(broker_order_id)

    async def truth(self) -> BrokerTruth:
        self.asked += 1
        return BrokerTruth((), ())

    def rolled_back(self, above: int) -> bool:
        return False

    # risk

    async def check(self, check: OrderCheck) -> Verdict:
        self.checks.append(check)
        await asyncio.sleep(0)
        self.while_deciding(self)
        if self.risk_fails:
            raise RiskUnavailable("no verdict")
        reason = "" if self.allowed else "MAX_POSITION"
        return Verdict(check.intent_id, self.allowed, reason, (), 1, "hash", 1, wall_now() + self.approval_ns)

    async def resync(self) -> None:
        raise AssertionError("nobody asked for it")

    # the disk, read beside the writer

    def on_disk(self, name: str) -> dict[str, Any]:
        orders, journal = self.store.table("orders"), self.store.table("journal")
        with self.store.read() as connection:
            row = connection.execute(sa.select(orders).where(orders.c.client_order_id == name)).mappings().first()
            events = connection.execute(sa.select(journal.c.payload).where(journal.c.kind == "INTENT")).scalars().all()
        journaled = any(json.loads(event)["client_order_id"] == name for event in events)
        return {"journaled": journaled, "row": None if row is None else dict(row)}

    async def status(self, wanted: Intent) -> tuple[str, str]:
        answer = await self.submitter.submit(wanted)
        return answer.order_status.value, answer.reason


def fresh(number: int = 1, **changes: Any) -> Intent:
    now = WallClock().market_now()
    return intent(number, **({"quote_time": now, "created_at": now} | changes))


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Way]:
    with open_store(tmp_path, "execution") as store:
        way = Way(store)
        yield way
        await way.writer.close()


async def test_the_frame_leaves_once_its_commit_is_on_disk(way: Way) -> None:
    wanted = fresh()
    assert await way.status(wanted) == ("SENT", "")
    [(order, found)] = way.frames
    assert found["journaled"]
    row = found["row"]
    assert (row["intent_id"], row["broker_order_id"], row["epoch"]) == ("i-1", order.broker_order_id, way.epoch)
    assert len(row["payload_hash"]) == 64
    assert row["verdict"]["allowed"]
    assert (row["order_status"], order.broker_order_id) == ("PENDING", 7)


async def test_a_slow_disk_holds_the_frame_back(way: Way) -> None:
    on_its_way, disk = asyncio.Event(), threading.Event()
    way.while_committing = lambda _: on_its_way.set()
    hung = way.writer.submit(lambda _: disk.wait(30))
    answer = asyncio.create_task(way.submitter.submit(fresh()))
    await asyncio.wait_for(on_its_way.wait(), 10)
    for _ in range(10):  # whatever was about to happen without the disk has happened
        await asyncio.sleep(0)
    assert (way.frames, answer.done(), len(way.log.book.orders)) == ([], False, 1)
    disk.set()
    await hung
    assert (await answer).order_status is OrderStatus.SENT
    assert len(way.frames) == 1


async def test_an_order_on_its_way_is_not_asked_about(way: Way) -> None:
    """The broker cannot know it yet: that it shows it nowhere says nothing."""
    on_its_way, disk = asyncio.Event(), threading.Event()
    way.while_committing = lambda _: on_its_way.set()
    hung = way.writer.submit(lambda _: disk.wait(30))
    answer = asyncio.create_task(way.submitter.submit(fresh()))
    await asyncio.wait_for(on_its_way.wait(), 10)
    comparing = asyncio.create_task(way.barrier.compare(everything=True))
    await until(lambda: way.asked >= 2, "the broker was asked twice")
    disk.set()
    await asyncio.gather(hung, comparing)
    assert (await answer).order_status is OrderStatus.SENT
    [order] = way.log.book.orders.values()
    assert order.status is OrderStatus.SENT


async def test_racing_submitters_of_one_intent_send_one_frame_and_get_one_answer(way: Way) -> None:
    wanted = fresh()
    answers = await asyncio.gather(*(way.submitter.submit(wanted) for _ in range(32)))
    assert len({(answer.client_order_id, answer.order_status) for answer in answers}) == 1
    again = await way.submitter.submit(wanted)
    assert (again.duplicate, again.order_status) == (True, OrderStatus.SENT)
    with pytest.raises(AlreadyExists):
        await way.submitter.submit(fresh(quantity=Decimal(11)))
    assert (len(way.frames), len(way.checks)) == (1, 1)


async def test_the_next_process_knows_the_intent_and_uses_no_order_id_again(way: Way) -> None:
    wanted = fresh()
    await way.submitter.submit(wanted)
    await way.writer.close()
    later = Way(way.store)
    later.granted = 3  # the broker's counter was rolled back
    answer = await later.submitter.submit(wanted)
    assert answer.duplicate
    assert later.frames == []
    await later.submitter.submit(fresh(2))
    assert [order.broker_order_id for order, _ in later.frames] == [8]
    await later.writer.close()


def set_latch(way: Way) -> None:
    way.log.record_latch(LatchEvent(LatchFact.SET, "p-1", 1, 1, LatchKind.PAUSE, "s"))


CHANGES: dict[str, tuple[Then, str]] = {
    "a latch": (set_latch, "PAUSED"),
    "the lease": (lambda way: setattr(way, "lease", False), "LEASE_LOST"),
    "the link": (lambda way: setattr(way, "ready", False), "BROKER_DOWN"),
    "reconciliation": (lambda way: way.barrier.lost(), "NOT_RECONCILED"),
    "the end": (lambda way: setattr(way.submitter, "closing", True), "DRAINING"),
    "the connection": (lambda way: setattr(way, "place_fails", True), "BROKER_DOWN"),
}


@pytest.mark.parametrize("moment", ["while_deciding", "while_committing"])
@pytest.mark.parametrize("what", CHANGES)
async def test_what_changes_on_the_way_holds_the_frame_back(way: Way, what: str, moment: str) -> None:
    change, reason = CHANGES[what]
    setattr(way, moment, change)
    assert await way.status(fresh()) == ("DENIED", reason)
    assert way.frames == []
    await way.writer.close()
    again = Ledger()
    rebuild(way.store, again)
    # without the lease nothing is written: the writer that has it now says what is
    assert {order.status for order in again.book.orders.values()} <= {OrderStatus.DENIED}


async def test_no_answer_of_risk_and_a_no_are_both_a_no(way: Way) -> None:
    way.risk_fails = True
    assert await way.status(fresh(1)) == ("DENIED", "RISK_UNAVAILABLE")
    way.risk_fails, way.allowed = False, False
    assert await way.status(fresh(2)) == ("DENIED", "MAX_POSITION")
    assert way.frames == []


async def test_an_approval_that_ran_out_sends_nothing(way: Way) -> None:
    way.approval_ns = 0
    assert await way.status(fresh()) == ("DENIED", "APPROVAL_EXPIRED")
    assert way.frames == []


async def test_a_clock_set_back_during_the_commit_extends_no_approval(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_day_back_and_ten_seconds_later(_: Way) -> None:
        steady = time.monotonic_ns
        monkeypatch.setattr("services.execution.submit.wall_now", lambda: wall_now() - 86_400 * 10**9)
        monkeypatch.setattr("services.execution.submit.time.monotonic_ns", lambda: steady() + 10 * 10**9)

    way.while_committing = a_day_back_and_ten_seconds_later
    assert await way.status(fresh()) == ("DENIED", "APPROVAL_EXPIRED")
    assert way.frames == []


async def test_a_real_account_and_a_stale_or_delayed_quote_are_refused_before_risk_is_asked(way: Way) -> None:
    old = fresh(2, quote_age_ms=60_000.0)
    for wanted, reason in (
        (fresh(1, account="DU1"), "ACCOUNT_MODE_MISMATCH"), (old, "DATA_STALE"),
        (fresh(3, quote_delayed=True), "DATA_DELAYED"), (fresh(4, quote_time=0), "DATA_STALE"),
    ):  # fmt: skip
        assert await way.status(wanted) == ("DENIED", reason)
    assert (way.frames, way.checks) == ([], [])


async def test_a_cancel_asked_for_before_the_frame_follows_it(way: Way) -> None:
    def cancel(this: Way) -> None:
        [name] = this.log.book.orders
        this.submitter.cancel_now(name)
        assert this.canceled == []

    way.while_committing = cancel
    assert await way.status(fresh()) == ("SENT", "")
    assert (len(way.frames), way.canceled) == (1, [7])


async def test_a_journal_that_fails_sends_nothing_and_lets_cancels_out(way: Way) -> None:
    await way.submitter.submit(fresh(1))
    [(order, _)] = way.frames
    with way.store.begin() as connection:
        connection.exec_driver_sql("DROP TABLE journal")
    answer = await way.submitter.submit(fresh(2))
    assert (answer.order_status, answer.reason) == (OrderStatus.DENIED, "JOURNAL_UNAVAILABLE")
    assert len(way.frames) == 1
    way.submitter.cancel_now(order.client_order_id)
    assert way.canceled == [order.broker_order_id]


async def test_a_latch_outlives_the_process(way: Way) -> None:
    set_latch(way)
    await way.writer.close()
    later = Way(way.store)
    assert await later.status(fresh()) == ("DENIED", "PAUSED")
    assert later.frames == []
    await later.writer.close()


async def test_nothing_is_lifted_before_broker_and_journal_agree(way: Way, tmp_path: Path) -> None:
    desk = LatchDesk(WallClock(), way.log, LatchFile(tmp_path / "latches"), cast(Broker, way), lambda: None)
    assert desk.lift_is_refused(reconciled=True) is None
    refused = desk.lift_is_refused(reconciled=False)
    assert refused is not None
    assert refused.reason == "NOT_RECONCILED"


async def test_a_flattens_order_never_passes_its_target(way: Way) -> None:
    await way.submitter.submit(fresh(1))
    [(order, _)] = way.frames
    made = Fill("e.1.01", Decimal(10), Decimal(100), None, None, 5)
    way.log.record(c.RecordFill(order.client_order_id, made, 99, 5, 5))
    for number, quantity, wanted in ((1, 7, "DENIED"), (2, 6, "SENT")):
        closing = fresh(2, side=Side.SELL, quantity=Decimal(quantity), intent_id=f"{FLATTEN_INTENT_PREFIX}x-{number}")
        answer = await way.submitter.submit_flatten(closing, Decimal(4))
        assert (answer.order_status.value, answer.reason) == (wanted, "REDUCE_ONLY" if wanted == "DENIED" else "")
    assert [placed.intent.quantity for placed, _ in way.frames] == [10, 6]


async def test_a_cancel_the_message_budget_held_back_leaves_later(way: Way) -> None:
    answer = await way.submitter.submit(fresh())
    way.cancel_fails = True
    way.submitter.cancel_now(answer.client_order_id)
    way.submitter.cancel_wished()
    way.cancel_fails = False
    assert way.canceled == []
    for _ in range(2):
        way.submitter.cancel_wished()
    assert way.canceled == [7]


async def test_what_is_unproven_or_broken_since_the_commit_began_keeps_the_frame_here(way: Way) -> None:
    first = await way.submitter.submit(fresh(1))

    def unproven(way: Way) -> None:
        way.log.record(c.MarkUnknown(first.client_order_id, "ACK_TIMEOUT", "", 2, 2))

    way.while_committing = unproven
    assert await way.status(fresh(2)) == ("DENIED", "UNKNOWN_ORDER")

    def broken(way: Way) -> None:
        way.cautious = Refusal("POSITION_BREAK", "GOOG: journal 0, broker 10")

    way.while_committing = broken
    assert await way.status(fresh(3, strategy="other")) == ("DENIED", "POSITION_BREAK")
    assert len(way.frames) == 1
