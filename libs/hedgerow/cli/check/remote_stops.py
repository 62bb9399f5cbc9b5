"""Stops asked for over HTTP: from the network, past a dead control, and of a daemon that cannot hear them yet."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

from hedgerow.cli.check.context import NS_PER_S, POLL_S, Context
from hedgerow.cli.check.result import require
from hedgerow.cli.check.signals import (
    NOTICE_SLACK_S,
    SECONDS,
    await_end,
    await_orders,
    decided_after,
    last_state,
)
from hedgerow.cli.check.throwaway import Throwaway
from hedgerow.cli.supervisor import Child
from hedgerow.clock import wall_now

FROM_THE_NETWORK = "POST /control/stop from the network"
WITHOUT_CONTROL = "POST /control/stop with control dead"
WHILE_DEAF = "POST /control/stop of a daemon that stood still, control killed meanwhile"
_DEAF_S = 4.0
_AFTERWARDS_S = 20.0


class RemoteStop(NamedTuple):
    """One stop: where it was sent from, wall seconds until the daemon had ended, and what was there afterwards."""

    kind: str
    address: str
    seconds: float
    code: int | None
    state: str
    new_orders: tuple[str, ...]
    lamp: str
    reasons: tuple[str, ...]
    outcome: str

    @property
    def fault(self) -> str:
        """What was not as it must be, in words; empty when all was."""
        limit_s = SECONDS + NOTICE_SLACK_S
        if self.code != 0:
            return f"{self.kind}: exit code {self.code}"
        if self.seconds > limit_s:
            return f"{self.kind}: took {self.seconds:.1f} s, the limit is {limit_s:.1f} s"
        if self.state != "STOPPED":
            return f"{self.kind}: its last snapshot says {self.state}"
        if self.new_orders:
            return f"{self.kind}: new orders after it: {', '.join(self.new_orders)}"
        if (self.lamp, self.reasons) != ("yellow", ("STOPPED_BY_OPERATOR",)):
            return f"{self.kind}: afterwards GET /status says {self.lamp}, {', '.join(self.reasons)}"
        if not self.outcome.startswith("done"):
            return f"{self.kind}: its outcome is {self.outcome!r}"
        return ""


def remote_stops(system: Throwaway, own: Context) -> Iterator[RemoteStop]:
    """The stops, one after the other; the daemon runs when the first is asked for."""
    require(
        own.web.ask("POST", "/control/stop", key=False).status == 401,
        "an address others reach takes commands without the API key",
    )
    yield _stop(system, own, FROM_THE_NETWORK, system.supervisor.children[system.daemon])
    child = _started(system)
    system.kill("control")
    yield _stop(system, own, WITHOUT_CONTROL, child)
    child = _started(system)
    yield _stop(system, own, WHILE_DEAF, child)


def _started(system: Throwaway) -> Child:
    """The daemon, started and trading again."""
    began = wall_now()
    child = system.start_daemon()
    system.tell("waiting until the daemon trades")
    await_orders(system, child, began)
    return child


def _stop(system: Throwaway, own: Context, kind: str, child: Child) -> RemoteStop:
    system.tell(kind)
    if kind == WHILE_DEAF:
        child.process.send_signal(signal.SIGSTOP)
    command_id = str(own.web.post("/control/stop", actor="check", reason="acceptance check")["command_id"])
    asked = wall_now()
    if kind == WHILE_DEAF:
        system.kill("control")
        system.start("control")
        while wall_now() < asked + _DEAF_S * NS_PER_S:
            time.sleep(POLL_S)
        child.process.send_signal(signal.SIGCONT)
        asked = wall_now()
    code, seconds = await_end(child, asked)
    system.supervisor.stop([system.daemon])
    heartbeat_s = system.system.settings.status.heartbeat_interval_s
    noticed = asked + int((heartbeat_s + NOTICE_SLACK_S) * NS_PER_S)
    late = tuple(decided_after(system.state, system.strategy, noticed, asked))
    if kind == WITHOUT_CONTROL:
        system.start("control")
    lamp, reasons, outcome = _afterwards(own, command_id)
    return RemoteStop(kind, own.web.address, seconds, code, last_state(system), late, lamp, reasons, outcome)


def _afterwards(own: Context, command_id: str) -> tuple[str, tuple[str, ...], str]:
    """Lamp, reasons and outcome, once the outcome is known and the status tells of the stop."""
    found: list[tuple[str, tuple[str, ...], str]] = []

    def known() -> bool:
        if own.web.ask("GET", f"/v1/commands/{command_id}").status == 503:
            return False  # control is back, and the gateway has not connected to it yet
        status, command = own.web.status(), own.web.command(command_id)
        found[:] = [(status["status_lamp"], tuple(status["block_reasons"]), str(command.get("outcome", "")))]
        return bool(command.get("acknowledgeTime")) and status["status_lamp"] == "yellow"

    own.until(known, _AFTERWARDS_S, lambda: f"after a stop: {found}")
    return found[0]
