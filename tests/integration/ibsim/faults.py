"""What the tests of scripted faults share: arming, and reading what a client was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.server import IbsimServer

Start = Callable[..., Awaitable[IbsimServer]]
Open = Callable[[int], Awaitable[Any]]


async def arm(server: IbsimServer, action: str, **arguments: Any) -> dict[str, Any]:
    """Arms one fault over the admin socket."""
    return await admin_call_async(server.admin_port, "fault", action=action, **arguments)


async def listed(server: IbsimServer) -> list[dict[str, Any]]:
    """Every fault armed so far, as the admin shows them."""
    faults: list[dict[str, Any]] = (await admin_call_async(server.admin_port, "faults"))["faults"]
    return faults


async def state(server: IbsimServer, number: int = 1) -> tuple[str, int]:
    """State of one fault, and how often it has acted."""
    fault = (await listed(server))[number - 1]
    return fault["state"], fault["applied"]


async def connect(open_raw: Open, server: IbsimServer, client_id: int = 10) -> Any:
    """A raw client after its handshake, nothing received so far."""
    client = await open_raw(server.port)
    await client.shake_hands(client_id=client_id)
    client.frames.clear()
    return client


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until the condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.001)


def kinds(client: Any) -> list[str]:
    """Message ids received, answers to the probe left out."""
    return [fields[0] for fields in client.frames if fields[0] != "49"]


def statuses(client: Any, order_id: int = 1) -> list[str]:
    """orderStatus texts of one order, in order."""
    return [fields[2] for fields in client.frames if fields[:2] == ["3", str(order_id)]]


def errors(client: Any) -> list[tuple[str, int]]:
    """Request id and code of every error received."""
    return [(fields[2], int(fields[3])) for fields in client.frames if fields[0] == "4"]


async def has(client: Any, *start: str) -> list[str]:
    """Reads until a frame begins with these fields; it may have come before."""
    for fields in client.frames:
        if tuple(fields[: len(start)]) == start:
            found: list[str] = fields
            return found
    wanted: list[str] = await client.until(lambda fields: tuple(fields[: len(start)]) == start)
    return wanted
