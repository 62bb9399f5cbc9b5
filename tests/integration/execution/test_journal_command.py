"""`hedgerow journal` on what real processes left behind, none of them asked."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from hedgerow.domain.egress import WriterMark
from hedgerow.guard.frame_log import FrameLog
from hedgerow.guard.frames import FrameKind, OrderFrame
from hedgerow.guard.ledger import frame_body
from tests.integration.execution.world import World


async def journal(*arguments: str) -> tuple[int, Any]:
    """The command's exit code and its JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.cli", "journal", *arguments, "--json", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out else None


def cut(state: Path, statement: str) -> None:
    database = sqlite3.connect(state / "store" / "execution.db")
    database.execute(statement)
    database.commit()
    database.close()


async def test_an_order_can_be_followed_verified_and_folded_anew(world: World, tmp_path: Path) -> None:
    answer = await world.submit(world.intent(10))
    await world.paid(answer.client_order_id)
    state = tmp_path / "state"
    shutil.copytree(world.state.root, state)
    (state / "ibsim").mkdir(exist_ok=True)
    shutil.copy(world.state.root.parent / "wire.log", state / "ibsim" / "wire.log")

    guard = FrameLog(state / "guard" / "frames.log", 5.0)
    frame = OrderFrame(FrameKind.NEW, 1, "", answer.client_order_id, b"00")
    await guard.append(frame_body(WriterMark("execution", 1, 1), 10, frame, frame.kind, answer.client_order_id))
    guard.close()

    code, found = await journal("verify", str(state))
    assert (code, found["ok"], found["fault"]) == (0, True, None)
    [compared] = found["heads_compared"].values()
    assert compared == found["head"]["sequence"] == found["events"] > 4  # the copy has all that was committed
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(found))
    assert (await journal("replay", str(state)))[0] == 0

    code, life = await journal("show", answer.client_order_id, str(state))
    assert (code, life["intent_id"], life["strategy"]) == (0, answer.intent_id, world.strategy)
    assert life["verdict"]["allowed"]
    assert {rule[0] for rule in life["verdict"]["rules"]} >= {"position", "order_size", "stale_quote"}
    assert [report["kind"] for report in life["reports"]] == ["INTENT", "SENT", "ACKNOWLEDGED", "FILL", "COMMISSION"]
    assert [fill["quantity"] for fill in life["fills"]] == ["10"]
    told = [(step["source"], step["what"]) for step in life["steps"]]
    journaled, placed = told.index(("journal", "INTENT")), told.index(("wire", "PLACE_ORDER"))
    assert told.index(("risk", "VERDICT")) <= journaled < placed < told.index(("wire", "EXECUTION"))
    assert (told.count(("wire", "PLACE_ORDER")), told.count(("guard", "NEW"))) == (1, 1)
    assert all(step["since_ms"] >= 0 for step in life["steps"])
    assert await journal("show", answer.intent_id, str(state)) == (0, life)
    assert (await journal("show", "hr-none", str(state)))[0] == 2

    cut(state, f"DELETE FROM journal WHERE sequence = {found['events']}")
    code, found = await journal("verify", str(state))
    assert (code, found["fault"]["sequence"]) == (1, compared)
    (state / "journal.head").unlink()  # who cuts the journal may cut that, too: not what is kept elsewhere
    assert (await journal("verify", str(state)))[0] == 0
    assert (await journal("verify", str(state), "--head", str(kept)))[0] == 1
    assert (await journal("replay", str(state)))[0] == 1
