"""The broker taken away and given back: every daemon waits, says until when, and goes on when told to retry."""

from __future__ import annotations

import json
import time
from typing import Any

from hedgerow.cli.check.commands import outcome_of
from hedgerow.cli.check.context import NS_PER_S, POLL_S, Context
from hedgerow.cli.check.result import Failed, require
from hedgerow.clock import wall_now
from hedgerow.ibsim.admin import admin_call

_ABSENT_S = 15.0
_SOON_S = 5.0


def outlives_absence(ctx: Context) -> str:
    """Takes the simulated broker away and sees every daemon wait and come back; in words what was seen."""
    ports = json.loads(ctx.state.ports_file.read_text())
    if not ctx.simulated or "ibsim-admin" not in ports:
        raise Failed("the broker's absence is shown with the simulated gateway only: run `hedgerow up --sim`")
    ctx.tell("dropping the broker connections")
    admin_call(ports["ibsim-admin"], "drop")
    waiting = _waiting(ctx)
    beats = {name: ctx.web.strategy(name)["heartbeat_ts"] for name in waiting}
    outcome = outcome_of(ctx, "/control/retry_ib")
    require(outcome.startswith("done"), f"POST /control/retry_ib: {outcome!r}")
    told = []
    for name, part in waiting.items():
        ctx.await_running(name)
        seconds = (ctx.current(name)["ts"] - part["ts"]) / NS_PER_S
        ctx.until(lambda name=name: ctx.web.strategy(name)["heartbeat_ts"] > beats[name], _SOON_S, f"{name} is silent")  # type: ignore[misc]
        run_id = ctx.web.strategy(name)["run_id"]
        require(run_id == part["run_id"], f"{name} did not live through it: {part['run_id']} became {run_id}")
        retry_s = (part["next_retry_ts"] - part["ts"]) / NS_PER_S
        told.append(f"{name}: WAITING_IB, yellow, next_retry_ts {retry_s:.1f} s ahead, POST /control/retry_ib: "
                    f"{outcome}, the same run working after {seconds:.1f} s")  # fmt: skip
    return "; ".join(told)


def _waiting(ctx: Context) -> dict[str, dict[str, Any]]:
    """Each strategy of GET /status while it waits: yellow, with the time of the next try; raises Failed otherwise."""
    found: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + _ABSENT_S
    while len(found) < len(ctx.strategies):
        require(time.monotonic() < deadline, "no WAITING_IB with next_retry_ts after the broker went away")
        status = ctx.web.status()
        for part in status["strategies"]:
            if "WAITING_IB" in part["block_reasons"] and part["next_retry_ts"]:
                require(part["daemon_state"] == "WAITING_IB", f"WAITING_IB, and the state is {part['daemon_state']}")
                require(part["status_lamp"] == "yellow", f"{part['strategy']}: {part['status_lamp']} while it waits")
                require(status["next_retry_ts"], "GET /status has no next_retry_ts while a strategy waits")
                require(part["next_retry_ts"] > wall_now() - NS_PER_S, "next_retry_ts lies in the past")
                found.setdefault(part["strategy"], part)
        time.sleep(POLL_S)
    return found
