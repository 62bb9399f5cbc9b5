"""When the barrier asks: at once on a suspicion, again after the interval, never in a spin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from hedgerow.clock import WallClock
from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus
from hedgerow.store.engine import open_store
from hedgerow.store.journal import JournalWriter
from services.execution.barrier import MOST_ROUNDS, Barrier
from services.execution.domain import commands as c
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Ledger
from services.execution.domain.orders import Order
from services.execution.domain.reconcile import BrokerTruth, SeenExecution, SeenOrder
from services.execution.order_log import OrderLog
from services.execution.ports import Broker
from tests.unit.services.execution.samples import NAME, allow, intent

INTERVAL_S = 0.05


class Parts:
    """A barrier on a real log, and the truth the broker will tell."""

    def __init__(self, writer: JournalWriter) -> None:
        self.truth_told = BrokerTruth((), ())
        self.log = OrderLog(writer, Ledger(), lambda _: None, lambda: None)
        self.barrier = Barrier(self.log, cast(Broker, self), WallClock(), 1000.0)
        self.barrier.clean = True

    async def truth(self) -> BrokerTruth:
        return self.truth_told

    plain_truth = truth

    def rolled_back(self, above: int) -> bool:
        return False

    async def order(self) -> str:
        wanted = intent()
        now = time.time_ns()
        done = self.log.record(c.Admit(wanted, allow(wanted), 1, 1, now, now))
        assert done is not None
        await done
        return client_order_id_of(wanted)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    store = open_store(tmp_path, "execution")
    writer = JournalWriter(store, 1)
    yield Parts(writer)
    await writer.close()
    store.close()


async def waited(parts: Parts) -> tuple[bool, bool]:
    """Whether there is cause, and whether the interval went by before it was told."""
    started = time.monotonic()
    due = await parts.barrier.wait_for_cause(INTERVAL_S)
    return due, time.monotonic() - started >= INTERVAL_S * 0.9


async def test_a_suspicion_is_told_at_once_and_again_only_after_the_interval(parts: Parts) -> None:
    name = await parts.order()
    assert await waited(parts) == (False, True)
    parts.barrier.suspect(name)
    assert await waited(parts) == (True, False)
    assert await waited(parts) == (True, True)
    parts.barrier.in_flight.add(name)
    assert await waited(parts) == (False, True)


async def test_a_claimed_fill_that_does_not_come_is_asked_for(parts: Parts) -> None:
    name = await parts.order()
    parts.barrier.claim(name, Decimal(4))
    assert await waited(parts) == (True, True)
    made = Fill("e.1.01", Decimal(4), Decimal(100), None, None, 5)
    parts.truth_told = BrokerTruth((), (SeenExecution(name, 1, 7, made),))
    await parts.barrier.compare(everything=False)
    assert parts.barrier.fills_recovered == 1
    assert await waited(parts) == (False, True)


async def test_what_blocks_is_named_and_lifted_by_a_clean_comparison(parts: Parts) -> None:
    parts.truth_told = BrokerTruth((SeenOrder(NAME, 9, 9, OrderStatus.WORKING, ""),), ())
    await parts.barrier.compare(everything=False)
    assert not parts.barrier.clean
    assert NAME in parts.barrier.blocking[0]
    parts.truth_told = BrokerTruth((), ())
    await parts.barrier.compare(everything=True)
    assert parts.barrier.clean
    assert parts.barrier.blocking == []


async def test_comparisons_take_turns(parts: Parts) -> None:
    name = await parts.order()
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asking = 0

    async def slow_truth() -> BrokerTruth:
        nonlocal asking
        asking += 1
        assert asking == 1
        await gate
        asking -= 1
        return BrokerTruth((), ())

    cast(Any, parts).truth = slow_truth
    both = asyncio.gather(*(parts.barrier.compare(everything=True) for _ in range(2)))
    await asyncio.sleep(0)
    gate.set_result(None)
    await both
    assert parts.log.book.orders[name].reason == "NOT_FOUND_AT_BROKER"
    assert parts.log.book.sequence == 2


class Restless:
    """Answers that differ `times` times, then stay."""

    def __init__(self, parts: Parts, times: int) -> None:
        self.asked = 0
        self._times = times
        cast(Any, parts).truth = self.truth

    async def truth(self) -> BrokerTruth:
        self.asked += 1
        return BrokerTruth((), (), {("SIM1", "GOOG"): Decimal(min(self.asked, self._times))})


async def test_answers_are_asked_for_until_two_agree(parts: Parts) -> None:
    name = await parts.order()
    broker = Restless(parts, 3)
    await parts.barrier.compare(everything=True)
    assert broker.asked == 4
    assert parts.log.book.orders[name].status is OrderStatus.UNKNOWN
    assert parts.barrier.positions == {("SIM1", "GOOG"): 3}


async def test_restless_answers_conclude_nothing_and_open_nothing(parts: Parts) -> None:
    name = await parts.order()
    parts.barrier.lost()
    broker = Restless(parts, 1000)
    await parts.barrier.compare(everything=True)
    assert broker.asked == MOST_ROUNDS
    assert parts.log.book.orders[name].status is OrderStatus.PENDING
    assert not parts.barrier.clean
    assert "did not settle" in parts.barrier.blocking[0]
    parts.barrier.clean = True
    await parts.barrier.compare(everything=True)
    assert parts.barrier.clean, "what was compared before stays so"
    assert "did not settle" in parts.barrier.remarks[-1]


async def test_an_absent_order_is_asked_of_the_guard_once_nothing_blocks(parts: Parts) -> None:
    class Guard:
        async def never_forwarded(self, orders: Sequence[Order]) -> dict[str, str]:
            return {order.client_order_id: "no frame" for order in orders}

    name = await parts.order()
    barrier = Barrier(parts.log, cast(Broker, parts), WallClock(), 1000.0, Guard())
    parts.truth_told = BrokerTruth((SeenOrder(NAME, 9, 9, OrderStatus.WORKING, ""),), ())
    await barrier.compare(everything=True)
    assert parts.log.book.orders[name].status is OrderStatus.UNKNOWN
    parts.truth_told = BrokerTruth((), ())
    await barrier.compare(everything=True)
    order = parts.log.book.orders[name]
    assert (order.status, order.reason, order.text) == (OrderStatus.DENIED, "NOT_SENT", "no frame")


async def test_a_terminal_order_that_is_doubted_is_asked_about(parts: Parts) -> None:
    name = await parts.order()
    done = parts.log.record(c.RecordReject(name, "BROKER_REJECTED", "201", 1, 1))
    assert done is not None
    await done
    canceled = []

    async def cancel(which: str, reason: str) -> None:
        canceled.append((which, reason))

    barrier = Barrier(parts.log, cast(Broker, parts), WallClock(), 1000.0, cancel=cancel)
    barrier.clean = True
    barrier.suspect(name)
    assert await barrier.wait_for_cause(INTERVAL_S)
    parts.truth_told = BrokerTruth((SeenOrder(name, 1, 7, OrderStatus.WORKING, ""),), ())
    await barrier.compare(everything=False)
    assert canceled == [(name, "NO_LONGER_WANTED")]
    assert not await barrier.wait_for_cause(INTERVAL_S)


async def test_a_suspicion_that_comes_while_the_broker_answers_is_not_forgotten(parts: Parts) -> None:
    name = await parts.order()
    parts.truth_told = BrokerTruth((SeenOrder(name, 1, 7, OrderStatus.WORKING, ""),), ())
    told = parts.truth_told

    async def truth() -> BrokerTruth:
        parts.barrier.suspect(name, refused="201: no")
        return told

    cast(Any, parts).truth = truth
    await parts.barrier.compare(everything=True)
    assert parts.log.book.orders[name].status is OrderStatus.WORKING
    cast(Any, parts).truth = parts.plain_truth
    parts.truth_told = BrokerTruth((), ())
    assert await waited(parts) == (True, False)
    await parts.barrier.compare(everything=False)
    assert parts.log.book.orders[name].status is OrderStatus.REJECTED
