"""The last resort when the order connection is dead: everything of the account canceled by a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgerow.clock import Clock
from hedgerow.domain.errors import Unavailable
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.link import IbLink
from hedgerow.ib.orders import OrderLink
from hedgerow.settings import BrokerSettings

LOOK_S = 0.25


async def cancel_everything(
    broker: BrokerSettings, clock: Clock, timeout_s: float, mark: Callable[[int], str] | None = None
) -> str:
    """Cancels every order of every client, manual ones too; what came of it, in words. `mark` as for IbLink.

    Waits at most `timeout_s` wall seconds until the broker shows none open. Raises Unavailable when it cannot be
    reached, BrokerAccountRefused when its accounts do not fit the mode.
    """
    client_id = broker.client_ids.kill
    up = asyncio.Event()
    link = IbLink(broker, client_id, "kill", clock, lambda _: up.set() if link.up else None, mark)
    orders = OrderLink(link, ContractBook(link), lambda _: None)
    deadline = asyncio.get_running_loop().time() + timeout_s
    link.start()
    try:
        try:
            async with asyncio.timeout_at(deadline):
                await up.wait()
        except TimeoutError as error:
            why = f"client {client_id} cannot reach the broker: {link.state.reason or 'no answer'}"
            raise Unavailable(why, "BROKER_DOWN") from error
        orders.cancel_everything()
        while True:
            left = [order for order in await orders.open_orders(all_clients=True) if not order.status.is_terminal]
            if not left or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(LOOK_S)
    finally:
        await link.close()
    return f"reqGlobalCancel by client {client_id}, manual orders included; the broker then showed {len(left)} open"
