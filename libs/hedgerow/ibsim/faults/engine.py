"""The faults of one gateway: armed, started by their triggers, asked about every frame while they last."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.faults.frames import Incoming, OrderKey, Outgoing
from hedgerow.ibsim.faults.model import Fault, Sending, Standing, When, market_time
from hedgerow.ibsim.faults.outlet import Lagged, Outlet
from hedgerow.ibsim.messages.ids import Request
from hedgerow.telemetry.logs import get_logger

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session
    from hedgerow.ibsim.simulation import Simulation

_LOG = get_logger(part="faults")
_NEVER = 1 << 63
_REMEMBERED = 500


class Stage(StrEnum):
    """Where a fault is in its life."""

    ARMED = "armed"
    ACTIVE = "active"
    FIRED = "fired"
    CLEARED = "cleared"
    FAILED = "failed"


_LIVE = (Stage.ARMED, Stage.ACTIVE)


class Run:
    """One armed fault and what it remembers; `applied` counts what it has done."""

    def __init__(self, faults: Faults, fault: Fault, number: int) -> None:
        self.faults = faults
        self.fault = fault
        self.number = number
        action = str(getattr(fault, "action", "fault"))
        self.name = fault.name or f"{action}-{number}"
        self.stage = Stage.ARMED
        self.hits = 0
        self.applied = 0
        self.reason = ""
        self.at = _NEVER
        self.trigger: Incoming | Outgoing | None = None
        self.orders: set[OrderKey] = set()
        self.connections: set[int] = set()
        self.held: list[Any] = []

    def used(self) -> None:
        """It has acted once more; the last time ends it."""
        self.applied += 1
        limit = self.fault.limit if isinstance(self.fault, Standing) else 1
        if limit is not None and self.applied >= limit:
            self.faults.end(self, Stage.FIRED)

    def as_dict(self) -> dict[str, Any]:
        """What the admin is shown."""
        told = self.fault.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name"})
        shown = {"id": self.number, "name": self.name, "state": self.stage.value, "applied": self.applied, **told}
        return shown | ({"reason": self.reason} if self.reason else {})


class Faults:
    """Every fault armed so far. While none is, a frame costs one look at `listening` or at its session's outlet."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        # Those armed or active, in the order they were armed, and the newest of those that are over.
        self.live: list[Run] = []
        self._over: deque[Run] = deque(maxlen=_REMEMBERED)
        self._numbers = itertools.count(1)
        self.listening = False
        self.next_at = _NEVER
        self.outage: Callable[[float], None] | None = None
        self._watching = False
        self._inlets: dict[int, Lagged[Callable[[], None]]] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    # -- arming

    def arm(self, fault: Fault) -> Run:
        """Take a fault; without a trigger it starts at once. Raises InvalidValue when that cannot be done."""
        run = Run(self, fault, next(self._numbers))
        if any(each.name == run.name for each in self.live):
            raise InvalidValue("name", run.name, "a name no armed fault has", "clear that one, or choose another")
        self.live.append(run)
        if fault.at is not None:
            day = self.simulation.day.meta.date
            run.at = market_time(fault.at, day) if isinstance(fault.at, str) else fault.at
        elif fault.after_ms is not None:
            self.later(fault.after_ms / 1e3, lambda: self._start_quietly(run))
        elif fault.on is None:
            self._start(run)
        self._refresh()
        return run

    @property
    def runs(self) -> list[Run]:
        """Every fault armed so far, but for those long over."""
        return sorted([*self._over, *self.live], key=lambda run: run.number)

    def clear(self, which: str | int | None = None) -> list[str]:
        """End the fault of that name or number, or all; the names of those ended."""
        chosen = list(self.live)
        if which is not None:
            chosen = [run for run in chosen if which in (run.name, run.number)]
            if not chosen:
                raise InvalidValue("fault", which, "the name or id of a fault that is armed or active")
        for run in chosen:
            self.end(run, Stage.CLEARED)
        return [run.name for run in chosen]

    def active(self, kind: type[Fault]) -> Iterator[Run]:
        """The active faults of that class."""
        return (run for run in list(self.live) if run.stage is Stage.ACTIVE and isinstance(run.fault, kind))

    def end(self, run: Run, stage: Stage) -> None:
        """Stop it, when it is not over."""
        if run.stage not in _LIVE:
            return
        was_active, run.stage = run.stage is Stage.ACTIVE, stage
        self._refresh()
        if was_active:
            run.fault.stop(run)
            self.simulation.hub.flush()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do that after so much wall time, unless the gateway has stopped."""

        def due() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def close(self) -> None:
        """The gateway stops: nothing more is done."""
        for timer in self._timers:
            timer.cancel()

    def _start_quietly(self, run: Run) -> None:
        try:
            self._start(run)
        except InvalidValue as error:
            run.stage, run.reason = Stage.FAILED, str(error)
            _LOG.warning("fault_failed", name=run.name, reason=run.reason)
            self._refresh()

    def _start(self, run: Run) -> None:
        if run.stage is not Stage.ARMED:
            return
        fault = run.fault
        _LOG.info("fault", name=run.name, number=run.number)
        if isinstance(fault, Standing):
            run.stage = Stage.ACTIVE
            self._refresh()
            fault.start(run)
            if fault.for_ms is not None:
                self.later(fault.for_ms / 1e3, lambda: self.end(run, Stage.FIRED))
        else:
            try:
                fault.start(run)
            except InvalidValue:
                run.stage = Stage.FAILED
                self._refresh()
                raise
            run.stage, run.applied = Stage.FIRED, run.applied + 1
            self._refresh()
        self.simulation.hub.flush()

    def _refresh(self) -> None:
        self._inlets = {number: inlet for number, inlet in self._inlets.items() if inlet}
        self._over.extend(run for run in self.live if run.stage not in _LIVE)
        self.live = [run for run in self.live if run.stage in _LIVE]
        waiting = [run for run in self.live if run.stage is Stage.ARMED]
        active = [run.fault for run in self.live if run.stage is Stage.ACTIVE]
        triggers = [run.fault.on for run in waiting if run.fault.on is not None]
        self._watching = any(on.sent is not None for on in triggers) or any(fault.sees_replies for fault in active)
        self.listening = (
            any(on.message is not None for on in triggers)
            or any(fault.sees_requests for fault in active)
            or bool(self._inlets)
            or self._watching  # what a reply answers is known by its request only
        )
        self.next_at = min((run.at for run in waiting), default=_NEVER)
        for session in self.simulation.connections.values():
            self.attach(session)
            self.settle(session)

    # -- triggers

    def on_time(self, now: int) -> None:
        """Market time has come so far."""
        for run in list(self.live):
            if run.stage is Stage.ARMED and run.at <= now:
                self._start_quietly(run)

    def _count(self, frame: Incoming | Outgoing, when: When) -> None:
        for run in list(self.live):
            on = run.fault.on
            if run.stage is not Stage.ARMED or on is None:
                continue
            # Counted before it is handled; the nth of `after` is remembered until then.
            if when is When.BEFORE and on.matches(frame):
                run.hits += 1
                if run.hits == on.nth:
                    run.trigger = frame
            if run.trigger is frame and on.when is when:
                self._start_quietly(run)

    # -- frames from clients

    def receive(self, session: Session, payload: bytes) -> None:
        """One frame from a client, while some fault listens."""
        request = Incoming(session, payload)
        lag_s = self.lag_s(session, inbound=True)
        inlet = self._inlets.get(session.connection_id)
        if inlet is None and not lag_s:
            self._consider(request)
            return
        if inlet is None:
            inlet = self._inlets[session.connection_id] = Lagged(_call)
        inlet.put(lambda: self._arrive(request), lag_s)

    def _arrive(self, request: Incoming) -> None:
        self._consider(request)
        if not self._inlets.get(request.session.connection_id):
            self._refresh()

    def defer_loss(self, session: Session, error: Exception | None) -> bool:
        """Whether the end of a connection waits for frames of it that are still under way."""
        inlet = self._inlets.pop(session.connection_id, None)
        if not inlet:
            self._refresh()
            return False
        inlet.put(lambda: session.connection_lost(error), 0.0)
        return True

    def _consider(self, request: Incoming) -> None:
        self._count(request, When.BEFORE)
        if request.session.is_closed:
            return
        listeners = [run for run in self.live if run.stage is Stage.ACTIVE and run.fault.sees_requests]
        if not any(run.fault.incoming(run, request) for run in listeners):
            self.handle(request)
        for run in listeners:
            run.fault.handled(run, request)
        self._count(request, When.AFTER)

    def handle(self, request: Incoming) -> None:
        """Let the gateway answer this frame now; what it says to its sender is known as the answer to it."""
        session = request.session
        self.simulation.hub.flush()
        session.flush()
        session.answering = max(0, request.kind)
        session.take(request.payload)
        self.simulation.hub.flush()
        session.flush()
        session.answering = 0

    # -- frames to clients

    def attach(self, session: Session) -> None:
        """Have the session's frames pass by, while some fault looks at them."""
        if self._watching and session.outlet is None:
            session.outlet = Outlet(session, self)

    def settle(self, session: Session) -> None:
        """Let the session write by itself again once nobody looks and nothing is held back."""
        if not self._watching and isinstance(session.outlet, Outlet) and session.outlet.is_idle:
            session.outlet = None

    def replace(self, reply: Outgoing) -> list[Sending]:
        """What leaves instead of a frame: the first active fault with an opinion decides."""
        self._count(reply, When.BEFORE)
        for run in list(self.live):
            if run.stage is Stage.ACTIVE and run.fault.sees_replies:
                decided = run.fault.outgoing(run, reply)
                if decided is not None:
                    return decided
        return [(0.0, reply.frame)]

    def sent(self, reply: Outgoing) -> None:
        """A frame has left."""
        for run in list(self.live):
            on = run.fault.on
            if run.stage is not Stage.ARMED or on is None or on.when is not When.AFTER:
                continue
            if isinstance(run.trigger, Outgoing) and run.trigger.frame is reply.frame:
                self._start_quietly(run)

    def lag_s(self, session: Session, *, inbound: bool) -> float:
        """How late a frame of that session is, seconds."""
        return sum(run.fault.lag_s(run, session, inbound=inbound) for run in self.active(Standing))

    def piece(self, session: Session) -> tuple[int, float] | None:
        """Bytes per piece and seconds between two, None for whole frames."""
        return next((p for run in self.active(Standing) if (p := run.fault.piece(run, session)) is not None), None)

    def hidden(self, session: Session, request: Request) -> set[int]:
        """Permanent ids of the orders an answer to this list request leaves out."""
        gone: set[int] = set()
        for run in list(self.live):
            if run.stage is Stage.ACTIVE:
                gone |= run.fault.hidden(run, session, request)
        return gone


def _call(act: Callable[[], None]) -> None:
    act()
