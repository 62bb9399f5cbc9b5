"""`hedgerow kill` by each of its ways: control, execution itself, the command store; and how it is lifted."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

from hedgerow.domain.command import CommandKind
from hedgerow.store.commands import find_command, list_commands
from hedgerow.store.read import read_operations
from tests.integration.execution.world import ACCOUNT, World
from tests.integration.service_process import ServiceProcess, until

FAR = "740.00"


async def hedgerow(world: World, *arguments: str) -> tuple[int, Any]:
    """Exit code and the JSON document of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.cli", *arguments, str(world.state.root), "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert out, err.decode()
    assert process.returncode is not None
    return process.returncode, json.loads(out)


async def test_whichever_way_still_leads_there(own_world: World) -> None:
    world, account = await own_world.start(), ACCOUNT
    control = await ServiceProcess("control", world.state).start()
    world.processes.append(control)
    resting = await world.submit(world.intent(1, limit=FAR))
    await world.in_status(resting.client_order_id, "WORKING")

    code, killed = await hedgerow(world, "kill", "--account", account, "--reason", "enough", "--command-id", "k-1")
    assert (code, killed["via"], killed["latched"], killed["proven"]) == (0, "control", True, True)
    assert killed["orders"] == [{"client_order_id": resting.client_order_id, "status": "CANCELED"}]
    assert "JOURNAL" in killed["durable_in"]
    recorded = await until(lambda: list_commands(world.state.store_dir), "control recorded it")
    assert [(each.command_id, each.kind, dict(each.arguments)) for each in recorded] == [
        ("k-1", CommandKind.KILL, {"account": account})
    ]

    def answered() -> bool:
        return find_command(world.state.store_dir, "k-1").outcome.startswith("done: no order rests; 1 open when")

    await until(answered, "the command has its answer")
    assert (await world.submit(world.intent(1))).reason == "KILLED"
    assert await hedgerow(world, "kill", "--account", account, "--reason", "enough", "--command-id", "k-1") == (
        0,
        killed,
    )
    assert await hedgerow(world, "resume", "--latch", "k-1") == (0, {"lifted": "k-1", "standing": []})
    assert (await world.submit(world.intent(1))).reason == ""

    await control.stop(signal.SIGKILL)
    code, killed = await hedgerow(world, "kill", "--command-id", "k-2")
    assert (code, killed["via"], killed["proven"], killed["orders"]) == (0, "execution", True, [])
    assert "control cannot be reached" in killed["outcome"]
    assert (await world.submit(world.intent(1))).reason == "KILLED"
    await hedgerow(world, "resume", "--latch", "k-2")

    await world.execution.stop(signal.SIGKILL)
    code, killed = await hedgerow(world, "kill", "--command-id", "k-3", "--timeout", "0")
    assert (code, killed["via"], killed["latched"], killed["proven"]) == (1, "command store", False, False)
    await world.execution.start()
    await world.ready()
    assert (await world.submit(world.intent(1))).reason == "KILLED"
    code, killed = await hedgerow(world, "kill", "--command-id", "k-3")
    assert (code, killed["proven"]) == (0, True)
    told = [row["text"] for row in read_operations(world.state.store_dir, type="COMMAND").rows]
    assert sum(text.startswith("KILL asked by") for text in told) == 3
    assert sum(text.startswith("KILL: done: no order rests") for text in told) == 3
