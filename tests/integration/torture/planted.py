"""`python planted.py BUG ARGUMENTS...`: `hedgerow torture ARGUMENTS` on an execution with a bug planted into it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hedgerow.cli.main import main
from hedgerow.domain.order import ApprovedOrder
from services.execution import submit
from services.execution.broker import IbBroker
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
    send = Submitter._send

    async def early(self: Submitter, intent: Any, verdict: Any, way: Any) -> Any:
        number = self._broker.next_order_id(self._log.book.last_broker_order_id)
        order = ApprovedOrder(intent, verdict, submit.client_order_id_of(intent), number)
        self._broker.place(order)
        await asyncio.sleep(0.02)
        place = self._broker.place
        self._broker.place = lambda order: None  # type: ignore[method-assign]
        try:
            return await send(self, intent, verdict, way)
        finally:
            self._broker.place = place  # type: ignore[method-assign]

    Submitter._send = early  # type: ignore[method-assign]


def order_id_again() -> None:
    """Every order gets the id of the first."""
    IbBroker.next_order_id = lambda self, above: 7  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    globals()[sys.argv.pop(1)]()
    main()
