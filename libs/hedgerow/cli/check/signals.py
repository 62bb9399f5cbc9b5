"""TC-1-R-C1a: the daemon ends gracefully, whoever asks, and no new order leaves after it was asked to."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass

from hedgerow.cli.check.context import NS_PER_S, POLL_S, Context
from hedgerow.cli.check.daemon_log import CONTROL_FILE_EVENT, events
from hedgerow.cli.check.result import Failed, Result, holds, require
from hedgerow.cli.check.throwaway import Throwaway, throwaway_system
from hedgerow.cli.supervisor import Child
from hedgerow.clock import wall_now
from hedgerow.ibsim.wirelog import OrderFrame, orders
from hedgerow.state_dir import StateDir
from hedgerow.store.location import location_of
from hedgerow.store.read import read_decisions, read_orders

SECONDS = 5.0
"""Within so many wall seconds the daemon has ended."""

CONTROL_FILE = "control file"
HUNG_S = 15.0
_TRADING_S = 60.0
WATCH_S = 2.0
NOTICE_SLACK_S = 0.5
_ORDERS_FIRST = 3


@dataclass(frozen=True)
class Round:
    """One stop: how it was asked for, and what came of it; wall seconds since it was asked for."""

    kind: str
    noticed_s: float
    notice_limit_s: float
    seconds: float
    code: int | None
    state: str
    orders_before: int
    new_orders: tuple[str, ...]

    @property
    def fault(self) -> str:
        """What was not graceful, in words; empty when all was."""
        if self.code is None:
            return f"{self.kind}: still alive after {HUNG_S:.0f} s"
        if self.code != 0:
            return f"{self.kind}: exit code {self.code}"
        if self.noticed_s > self.notice_limit_s:
            return f"{self.kind}: noticed after {self.noticed_s:.1f} s, the limit is {self.notice_limit_s:.1f} s"
        if self.seconds > self.noticed_s + SECONDS:
            return f"{self.kind}: took {self.seconds:.1f} s, the limit is {SECONDS:.0f} s"
        if self.state != "STOPPED":
            return f"{self.kind}: its last snapshot says {self.state}"
        if self.new_orders:
            return f"{self.kind}: new orders after it: {', '.join(self.new_orders)}"
        return ""


def rounds(ctx: Context) -> list[Round]:
    """Every stop, each tried as often as asked for, on a system of its own; done once per run."""

    def work() -> list[Round]:
        with throwaway_system(ctx.tell, ctx.settings) as system:
            kinds = [signal.SIGTERM.name, signal.SIGINT.name, CONTROL_FILE] * ctx.tries
            return [_round(system, kind) for kind in kinds]

    return ctx.once("signal rounds", work)


def _round(system: Throwaway, kind: str) -> Round:
    began = wall_now()
    child = system.start_daemon()
    system.tell(f"{kind}: waiting until the daemon trades")
    before = await_orders(system, child, began)
    system.tell(f"{kind}: stopping it")
    if kind == CONTROL_FILE:
        path = system.state.control_file(system.strategy)
        path.parent.mkdir(exist_ok=True)
        path.write_text("stop\n")
    else:
        child.process.send_signal(signal.Signals[kind])
    asked = wall_now()  # afterwards: from here on the signal is with the daemon
    code, seconds = await_end(child, asked)
    # A signal counts from the moment it is sent, a file from the moment it is noticed: within one heartbeat.
    noticed_s, limit_s = 0.0, 0.0
    if kind == CONTROL_FILE:
        limit_s = system.system.settings.status.heartbeat_interval_s + NOTICE_SLACK_S
        noticed_s = _noticed_s(system, asked)
    noticed = asked + int(min(noticed_s, limit_s) * NS_PER_S)
    new_orders = decided_after(system.state, system.strategy, noticed, asked)
    system.supervisor.stop([system.daemon])
    return Round(kind, noticed_s, limit_s, seconds, code, last_state(system), before, tuple(new_orders))


def await_end(child: Child, asked_ns: int) -> tuple[int | None, float]:
    """Exit code, None when it did not end, and wall seconds since `asked_ns`; then watches what follows for a while."""
    try:
        code: int | None = child.process.wait(HUNG_S)
    except subprocess.TimeoutExpired:
        code = None
    seconds = (wall_now() - asked_ns) / NS_PER_S
    ended = time.monotonic()
    # The market goes on, and so do execution and the gateway: a late order would come now.
    while time.monotonic() < ended + WATCH_S:
        time.sleep(POLL_S)
    return code, seconds


def _noticed_s(system: Throwaway, asked_ns: int) -> float:
    """Wall seconds from `asked_ns` until the log tells that the control file was seen; infinite when never."""
    seen = [at for at, _ in events(system.state, system.strategy, CONTROL_FILE_EVENT) if at >= asked_ns]
    return (seen[0] - asked_ns) / NS_PER_S if seen else float("inf")


def frames(state: StateDir, since_ns: int) -> list[OrderFrame]:
    """New-order and modify frames at the byte tap since that wall time."""
    return [frame for frame in orders(state.wire_log) if frame.record.wall_ns >= since_ns]


def await_orders(system: Throwaway, child: Child, since_ns: int) -> int:
    """Waits until orders of this run cross the wire: only then does their absence say anything."""
    deadline = time.monotonic() + _TRADING_S
    while (count := len(frames(system.state, since_ns))) < _ORDERS_FIRST:
        if child.process.poll() is not None:
            raise Failed(str(child.failure()))
        if time.monotonic() > deadline:
            raise Failed(f"the daemon sent {count} orders in {_TRADING_S:.0f} s; it is {last_words(system)}")
        time.sleep(POLL_S)
    return count


def decided_after(state: StateDir, strategy: str, decided_ns: int, asked_ns: int) -> list[str]:
    """Frames since `asked_ns` that no decision before `decided_ns` explains; both wall ns.

    An order decided on before the stop may still be on its way through execution: it is not new.
    """
    intents = {row["client_order_id"]: row["intent_id"] for row in read_orders(location_of(state))}
    made = {
        row["intent_id"]: row["wall_ns"]
        for row in read_decisions(location_of(state), strategy, since_ns=asked_ns - 60 * NS_PER_S, intents_only=True)
    }
    late = []
    for frame in frames(state, asked_ns):
        intent_id = intents.get(frame.fields["orderRef"], "")
        if made.get(intent_id, wall_now()) > decided_ns:
            late.append(f"order {frame.order_id} of intent {intent_id or 'nobody knows'}")
    return late


def last_state(system: Throwaway) -> str:
    """The daemon's state in the sink."""
    return str(system.snapshot().get("daemon_state", "without a snapshot"))


def last_words(system: Throwaway) -> str:
    """State and reasons of the newest snapshot, for an error message."""
    return ", ".join([last_state(system), *system.snapshot().get("reasons", [])])


def graceful(ctx: Context) -> Result:
    """TC-1-R-C1a-1."""
    done = [one for one in rounds(ctx) if one.kind != CONTROL_FILE]
    return _verdict(done)


def by_control_file(ctx: Context) -> Result:
    """TC-1-R-C1a-2."""
    done = [one for one in rounds(ctx) if one.kind == CONTROL_FILE]
    return _verdict(done)


def _verdict(done: list[Round]) -> Result:
    faults = [one.fault for one in done if one.fault]
    require(not faults, f"{len(faults)} of {len(done)}: {'; '.join(faults)}")
    told = [f"{one.kind} {one.seconds:.2f} s, {one.orders_before} orders before, none after" for one in done]
    return holds(f"{len(done)} of {len(done)} ended with code 0: {'; '.join(told)}")
