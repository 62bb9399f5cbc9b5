"""`python planted.py BUG ARGUMENTS...`: `hedgerow torture ARGUMENTS` on an execution with a bug planted into it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hedgerow.cli.main import main
from hedgerow.domain.order import ApprovedOrder
from services.execution.broker import IbBroker
from services.execution.domain.intents import client_order_id_of
from services.execution.submit import Submitter


def sent_twice() -> None:
    """Every order's frame leaves two times."""
    place = IbBroker.place

    def twice(self: IbBroker, order: ApprovedOrder) -> None:
        place(self, order)
        place(self, order)

    IbBroker.place = twice  # type: ignore[method-assign]


def sent_before_commit() -> None:
    """The frame leaves while the row is still on its way to the disk."""
    send, place, early = Submitter._send, IbBroker.place, set[str]()

    async def at_once(self: Submitter, intent: Any, verdict: Any, *rest: Any) -> Any:
        number = self._broker.next_order_id(self._log.book.last_broker_order_id)
        order = ApprovedOrder(intent, verdict, client_order_id_of(intent), number)
        place(self._broker, order)  # type: ignore[arg-type]
        early.add(order.client_order_id)
        await asyncio.sleep(0.02)
        return await send(self, intent, verdict, *rest)

    def later(self: IbBroker, order: ApprovedOrder) -> None:
        if order.client_order_id not in early:
            place(self, order)

    Submitter._send = at_once  # type: ignore[method-assign]
    IbBroker.place = later  # type: ignore[method-assign]


def nothing_sent() -> None:
    """Every intent fails before anything is journaled or sent."""

    async def broken(self: Submitter, *_: Any) -> Any:
        raise ValueError("broken")

    Submitter._send = broken  # type: ignore[method-assign]


def order_id_again() -> None:
    """Every order gets the id of the first."""
    IbBroker.next_order_id = lambda self, above: 7  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
    main()
