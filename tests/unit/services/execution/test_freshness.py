"""No order from a quote older than its limit: measured when the intent comes, after risk's answer, before the frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import grpc
import pytest

from hedgerow import failpoints
from hedgerow.clock import WallClock, wall_now
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import ApprovedOrder, Intent, OrderCheck, Verdict
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.settings import Settings
from hedgerow.store.engine import open_store
from hedgerow.store.journal import JournalWriter
from services.execution.barrier import Barrier
from services.execution.caution import Caution
from services.execution.config import ExecutionConfig
from services.execution.domain.gate import stale
from services.execution.domain.ledger import Ledger
from services.execution.order_log import OrderLog
from services.execution.ports import Broker
from services.execution.submit import Acknowledgement, Submitter
from tests.unit.services.execution.samples import intent

LIMIT_MS = 120.0


class Surroundings:
    """Broker and risk as far as an order's way needs them: both ready, risk as slow as told."""

    ready = up = True
    link = BrokerLink(LinkState.READY, "", 0, 0)

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.thinks_s = 0.0

    def account_refusal(self, account: str) -> str:
        return ""

    def is_known(self, instrument: Instrument) -> bool:
        return True

    def next_order_id(self, above: int) -> int:
        return above + 1

    def place(self, order: ApprovedOrder) -> None:
        self.placed.append(order.client_order_id)

    async def check(self, check: OrderCheck) -> Verdict:
        await asyncio.sleep(self.thinks_s)
        return Verdict(check.intent_id, True, "", (), 1, "hash", 1, wall_now() + 10**12)

    async def resync(self) -> None:
        """Nobody calls it."""


class Jumping(WallClock):
    """A wall clock that somebody sets; ns."""

    by = 0

    def market_now(self) -> int:
        return super().market_now() + self.by


class Desk:
    """A Submitter over a real journal."""

    def __init__(self, writer: JournalWriter) -> None:
        self.around, self.clock = Surroundings(), Jumping()
        log = OrderLog(writer, Ledger(), lambda _: None, lambda: None)
        config = ExecutionConfig.of(Settings()).model_copy(update={"quote_limits_ms": {"s": LIMIT_MS}})
        broker = cast(Broker, self.around)
        barrier = Barrier(log, broker, self.clock, 1000.0)
        barrier.clean = True
        channel = grpc.aio.insecure_channel("127.0.0.1:1")  # nobody asks it
        caution = Caution(config.broker, channel, 1.0, lambda: None, 3.0)
        self.submitter = Submitter(config, self.clock, log, broker, self.around, barrier, 1, lambda: True, caution)

    async def submit(self, **changes: object) -> Acknowledgement:
        now = wall_now()
        fields = {"quote_time": now, "created_at": now} | changes
        return await self.submitter.submit(intent(**fields))  # type: ignore[arg-type]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = open_store(tmp_path, "execution")
    writer = JournalWriter(store, 1)
    yield Desk(writer)
    await writer.close()
    store.close()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def test_a_fresh_one_leaves(desk: Desk) -> None:
    assert (await desk.submit()).reason == ""
    assert len(desk.around.placed) == 1


async def test_one_that_ages_while_risk_thinks_does_not(desk: Desk) -> None:
    desk.around.thinks_s = 2 * LIMIT_MS / 1000
    answer = await desk.submit()
    assert (answer.reason, desk.around.placed) == ("DATA_STALE", [])


async def test_nor_one_that_ages_while_the_disk_writes(desk: Desk) -> None:
    failpoints.arm(f"submit.committed=pause:{2 * LIMIT_MS}")
    answer = await desk.submit()
    assert (answer.reason, desk.around.placed) == ("DATA_STALE", [])


@pytest.mark.parametrize("jump_s", [-86_400, -3600, -1, -0.05])
async def test_a_clock_set_back_keeps_no_quote_fresh(desk: Desk, jump_s: float) -> None:
    now = wall_now()

    async def jump() -> None:
        await asyncio.sleep(0.01)
        desk.clock.by = int(jump_s * 1e9)

    desk.around.thinks_s = 2 * LIMIT_MS / 1000
    answer, _ = await asyncio.gather(desk.submit(quote_time=now, created_at=now), jump())
    assert (answer.reason, desk.around.placed) == ("DATA_STALE", [])


async def test_its_age_at_the_decision_counts_too(desk: Desk) -> None:
    assert (await desk.submit(quote_age_ms=LIMIT_MS + 1)).reason == "DATA_STALE"
    assert not desk.around.placed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bid": 101.0, "ask": 100.0}, "QUOTE_CROSSED"),
        ({"bid": 0.0}, "QUOTE_INVALID"),
        ({"ask": -1.0}, "QUOTE_INVALID"),
        ({"bid": float("nan")}, "QUOTE_INVALID"),
        ({"ask": float("inf")}, "QUOTE_INVALID"),
        ({"bid": None, "ask": None}, "DATA_STALE"),
        ({"quote_time": 0}, "DATA_STALE"),
        ({"quote_delayed": True}, "DATA_DELAYED"),
        ({"bid": 100.0, "ask": 100.0}, ""),
    ],
)
def test_a_quote_no_order_may_follow_is_named(changes: dict[str, object], reason: str) -> None:
    made: Intent = intent(**changes)
    why = stale(made, 0.0, LIMIT_MS)
    assert ("" if why is None else why.reason) == reason


@pytest.mark.parametrize("age_ms", [LIMIT_MS + 0.001, float("nan"), float("inf")])
def test_an_age_that_is_no_age_is_too_old(age_ms: float) -> None:
    why = stale(intent(), age_ms, LIMIT_MS)
    assert why is not None
    assert why.reason == "DATA_STALE"


async def test_a_crossed_quote_is_denied_on_the_record(desk: Desk) -> None:
    answer = await desk.submit(bid=101.0, ask=100.0)
    assert (answer.reason, answer.sequence, desk.around.placed) == ("QUOTE_CROSSED", 1, [])
