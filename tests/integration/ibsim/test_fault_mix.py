"""Many faults at once: whatever is armed, the gateway goes on, and once all is cleared it is as good as new."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.faults.scenario import ACTIONS
from tests.integration.ibsim.faults import Open, Start, arm, connect, has, listed

MESSAGES = ["placeOrder", "cancelOrder", "reqOpenOrders", "reqExecutions", "startApi"]
REPORTS = ["orderStatus", "openOrder", "execDetails", "commissionReport", "error"]
NEEDED: dict[str, dict[str, Any]] = {
    "delay_requests": {"ms": 3}, "refuse": {"code": 201}, "mute": {"messages": REPORTS[:2]}, "delay_reports": {"ms": 3},
    "late_commission": {"ms": 3}, "latency": {"ms": 2}, "notice": {"code": 2110}, "late_cancel": {"ms": 3},
    "send_frame": {"fields": [49, 1, 5]}, "lose_orders": {"lose_last": 1}, "roll_back_ids": {"client": 10, "by": 1},
    "correct_execution": {"quantity": 1}, "restart": {"down_ms": 5, "lose_last": 1}, "pacing_limit": {"limit": 5},
    "fragment": {"bytes": 50}, "clear": {"fault": "nobody"},
}  # fmt: skip

NEED_SOMETHING = {"order_error", "end_order", "correct_execution", "restore_link", "clear"}
"""Those that are refused where there is nothing to do it to."""


def fault(rng: random.Random) -> tuple[str, dict[str, Any]]:
    """Any action, with any trigger."""
    action = rng.choice(sorted(ACTIONS))
    known = {field.alias or name for name, field in ACTIONS[action].model_fields.items()}
    more = dict(NEEDED.get(action, {}))
    trigger = rng.randrange(4)
    when = rng.choice(["before", "after"])
    if trigger == 1:
        more["after_ms"] = rng.randrange(5)
    elif trigger == 2:
        more["on"] = {"message": rng.choice(MESSAGES), "nth": rng.randrange(1, 3), "when": when}
    elif trigger == 3:
        more["on"] = {"sent": rng.choice(REPORTS), "nth": rng.randrange(1, 3), "when": when}
    if "times" in known:
        more["times"] = rng.choice([1, 2, None])
    if "for_ms" in known and rng.random() < 0.5:
        more["for_ms"] = 5
    return action, more


async def trade(server: Any, open_raw: Open, rng: random.Random, first_id: int) -> None:
    """A client that does what clients do, and stops when it is thrown out or not answered."""
    try:
        client = await open_raw(server.port)
    except ConnectionError:
        return
    try:
        async with asyncio.timeout(0.5):
            await client.shake_hands(client_id=rng.choice([10, 11]))
        for order_id in range(first_id, first_id + 6):
            kind = rng.choice([{"orderType": "MKT"}, {"orderType": "LMT", "lmtPrice": "50", "ocaGroup": "g"}])
            client.place(order_id, orderRef=f"o{order_id}", **kind)
            if rng.random() < 0.5:
                client.place(order_id, orderRef=f"o{order_id}", orderType="LMT", lmtPrice="51")
            if rng.random() < 0.5:
                client.send(4, 1, order_id, "")
        client.subscribe(1)
        client.send(5, 1)
        client.send(7, 3, 9, 0, "", "", "", "", "", "")
        client.send(49, 1)
        await client.until(lambda fields: fields[0] == "49", timeout_s=0.05)
    except (EOFError, OSError, TimeoutError):
        pass
    client.writer.close()


@pytest.mark.parametrize("seed", range(6))
async def test_any_mix_of_faults(start_server: Start, open_raw: Open, seed: int) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    rng = random.Random(seed)
    server = await start_server(liquidity="infinite")
    for turn in range(6):
        for _ in range(rng.randrange(1, 6)):
            action, more = fault(rng)
            try:
                await arm(server, action, **more)
            except InvalidValue:
                if action not in NEED_SOMETHING:
                    raise
        await trade(server, open_raw, rng, 1 + turn * 10)
    await admin_call_async(server.admin_port, "clear_faults")
    assert {each["state"] for each in await listed(server)} <= {"fired", "cleared", "failed"}
    assert not server.simulation.faults.listening
    client = await fresh(open_raw, server)
    order_id = server.simulation.book.next_order_id(99)
    client.place(order_id)
    await has(client, "3", str(order_id), "Filled")
    assert failures == []
    the_book_balances(server)


async def fresh(open_raw: Open, server: Any) -> Any:
    """A client of an id nobody used, as soon as the gateway is back."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await connect(open_raw, server, 99)
            except ConnectionError:
                await asyncio.sleep(0.005)


def the_book_balances(server: Any) -> None:
    """The position is the sum of the latest revision of every execution."""
    latest: dict[str, Decimal] = defaultdict(Decimal)
    for done in server.simulation.book.executions:
        latest[done.execution_id.rpartition(".")[0]] = done.side.sign * done.quantity
    held = server.simulation.book.positions.get("SIMX")
    assert (held.quantity if held else 0) == sum(latest.values())
