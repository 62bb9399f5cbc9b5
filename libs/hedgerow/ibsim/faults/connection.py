"""Faults of connections: reset, dropped, a gateway that restarts or has lost the broker, notices."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, Field

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.codec import frame
from hedgerow.ibsim.codes import Code
from hedgerow.ibsim.faults.engine import Run, Stage
from hedgerow.ibsim.faults.frames import Incoming, Outgoing
from hedgerow.ibsim.faults.model import Fault, OfClient, Part, Sending, Standing
from hedgerow.ibsim.faults.names import HELLO
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.orders import SimOrder

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session

_LINK_LOST = "Connectivity between IBKR and Trader Workstation has been lost."
_DATA_LOST = "Connectivity between IBKR and Trader Workstation has been restored - data lost."
_DATA_KEPT = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
# What a gateway answers by itself, with or without its own connection to the broker.
_LOCAL_REQUESTS = frozenset(
    {HELLO, Request.START_API, Request.CURRENT_TIME, Request.IDS, Request.MANAGED_ACCOUNTS, Request.SET_LOG_LEVEL}
)
_LOCAL_REPLIES = frozenset({HELLO, Reply.CURRENT_TIME, Reply.NEXT_VALID_ID, Reply.MANAGED_ACCOUNTS})


class Data(StrEnum):
    """What becomes of market data subscriptions when an outage ends."""

    KEPT = "kept"
    LOST = "lost"


def sessions(run: Run, fault: OfClient) -> list[Session]:
    """The connections a fault concerns."""
    return [s for s in list(run.faults.simulation.connections.values()) if fault.concerns(run, s.client_id)]


def notify(run: Run, code: int, text: str) -> None:
    """A notice to every client that has said who it is."""
    for session in run.faults.simulation.hub.sessions.values():
        session.error(-1, code, text)
        session.flush()


def end_subscriptions(run: Run) -> None:
    """Every market data request is forgotten, silently."""
    for session in run.faults.simulation.connections.values():
        for req_id in list(session.subscriptions):
            session.unsubscribe(req_id)


class Reset(OfClient, Fault):
    """The connections end with RST; what was not yet sent is lost."""

    action: Literal["reset"]

    def start(self, run: Run) -> None:
        """RST."""
        for session in sessions(run, self):
            session.reset("a scripted fault")


class Drop(OfClient, Fault):
    """The connections are closed in order, with FIN."""

    action: Literal["drop"]

    def start(self, run: Run) -> None:
        """FIN."""
        for session in sessions(run, self):
            session.close()


class Notice(OfClient, Fault):
    """An error or notice about nothing in particular, of any code."""

    action: Literal["notice"]
    code: int = Field(ge=1)
    text: str = "a scripted notice"
    req_id: int = -1

    def start(self, run: Run) -> None:
        """Send it."""
        for session in sessions(run, self):
            session.error(self.req_id, self.code, self.text)
            session.flush()


class Losing(Part):
    """Orders that vanish from the book as if never sent: open, unfilled, the youngest first."""

    lose_last: int = Field(default=0, ge=0, description="how many of the newest open orders vanish")
    lose_ms: float = Field(default=0, ge=0, description="those accepted within so many wall ms vanish, too")

    def lose(self, run: Run, client: int | None = None) -> list[SimOrder]:
        """Remove them; those removed."""
        desk = run.faults.simulation.desk
        unfilled = [order for order in desk.working(client) if not order.filled]
        last = unfilled[len(unfilled) - self.lose_last :] if self.lose_last else []
        recent = [order for order in unfilled if self.lose_ms and desk.age_ms(order) <= self.lose_ms]
        gone = list(dict.fromkeys([*last, *recent]))
        desk.lose(gone)
        return gone


class SendFrame(OfClient, Fault):
    """Any frame at all, field by field: a price of nan, a message nobody knows."""

    action: Literal["send_frame"]
    fields: tuple[str | int | float, ...] = Field(min_length=1, max_length=1000)

    model_config = ConfigDict(allow_inf_nan=True)

    def start(self, run: Run) -> None:
        """Send it."""
        for session in sessions(run, self):
            session.send(frame(self.fields))
            session.flush()


class Restart(Losing, Fault):
    """The gateway goes away and comes back after `down_ms`, its book as it was but for the orders lost."""

    action: Literal["restart"]
    down_ms: float = Field(default=500, ge=0, le=3_600_000)
    abrupt: bool = Field(default=False, description="connections end with RST rather than FIN")
    roll_back_ids: int = Field(default=0, ge=0, description="by how much every client's next order id falls")

    def start(self, run: Run) -> None:
        """Lose what is lost, close everything, and come back later."""
        faults = run.faults
        if faults.outage is None:
            raise InvalidValue("action", "restart", "a gateway that listens", "use it with a running server")
        self.lose(run)
        if self.roll_back_ids:
            for client in faults.simulation.book.clients():
                faults.simulation.book.roll_back_ids(client, by=self.roll_back_ids)
        for session in list(faults.simulation.connections.values()):
            if self.abrupt:
                session.reset("the gateway restarts")
            else:
                session.close()
        faults.outage(self.down_ms / 1e3)


class LoseLink(Standing):
    """1100: no data, no order reports, no answers but local ones until 1101 or 1102; requests wait."""

    action: Literal["lose_link"]
    data: Data = Field(default=Data.KEPT, description="when it ends by itself: kept = 1102, lost = 1101")

    sees_requests: ClassVar[bool] = True
    sees_replies: ClassVar[bool] = True

    def start(self, run: Run) -> None:
        """1100."""
        notify(run, Code.LINK_LOST, _LINK_LOST)
        run.faults.simulation.silences.add("link")
        run.used()

    def incoming(self, run: Run, request: Incoming) -> bool:
        """It waits, unless the gateway can answer by itself."""
        if request.kind in _LOCAL_REQUESTS:
            return False
        run.held.append(request)
        return True

    def handled(self, run: Run, request: Incoming) -> None:
        """Who connects meanwhile is told at once."""
        if request.kind == Request.START_API and request.session.is_ready:
            request.session.error(-1, Code.LINK_LOST, _LINK_LOST)
            request.session.flush()

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """A report waits; notices about nothing in particular pass."""
        if reply.kind in _LOCAL_REPLIES or (reply.kind == Reply.ERROR and reply.fields[2] == "-1"):
            return None
        run.held.append(reply)
        return []

    def stop(self, run: Run) -> None:
        """1101 or 1102, then the reports, then what was asked meanwhile."""
        self.restore(run, self.data, reports=Data.KEPT, requests=Data.KEPT)

    def restore(self, run: Run, data: Data, *, reports: Data, requests: Data) -> None:
        """End it, once."""
        simulation = run.faults.simulation
        if "link" not in simulation.silences:
            return
        simulation.silences.discard("link")
        if data is Data.LOST:
            end_subscriptions(run)
        notify(run, *((Code.LINK_DATA_LOST, _DATA_LOST) if data is Data.LOST else (Code.LINK_RESTORED, _DATA_KEPT)))
        held, run.held = run.held, []
        for each in held:
            if isinstance(each, Outgoing) and reports is Data.KEPT:
                each.session.release([each.frame])
        for each in held:
            if isinstance(each, Incoming) and requests is Data.KEPT:
                run.faults.handle(each)
        simulation.publish()


class RestoreLink(Fault):
    """Ends lose_link: 1102 with `data: kept`, 1101 and no subscription left with `data: lost`."""

    action: Literal["restore_link"]
    data: Data = Data.KEPT
    reports: Data = Field(default=Data.KEPT, description="lost = order reports of meanwhile are never sent")
    requests: Data = Field(default=Data.KEPT, description="lost = what was asked meanwhile, orders too, never arrived")

    def start(self, run: Run) -> None:
        """1101 or 1102."""
        lost = [each for each in run.faults.runs if each.stage is Stage.ACTIVE and isinstance(each.fault, LoseLink)]
        if not lost:
            raise InvalidValue("action", "restore_link", "an active lose_link", "start one first")
        for each in lost:
            assert isinstance(each.fault, LoseLink)
            # No longer active before anything is sent: it would hold that back, too.
            each.stage = Stage.FIRED
            each.fault.restore(each, self.data, reports=self.reports, requests=self.requests)


class _NoData(Standing):
    """Market data stops while it lasts."""

    data: Data = Data.KEPT
    cause: ClassVar[str]

    def start(self, run: Run) -> None:
        """Silence."""
        run.faults.simulation.silences.add(self.cause)
        self.tell(run)
        run.used()

    def stop(self, run: Run) -> None:
        """Data again, for the subscriptions that are left."""
        run.faults.simulation.silences.discard(self.cause)
        if self.data is Data.LOST:
            end_subscriptions(run)
        self.untell(run)
        run.faults.simulation.publish()

    def tell(self, run: Run) -> None:
        """Say that it begins."""

    def untell(self, run: Run) -> None:
        """Say that it ends."""


class BreakFarm(_NoData):
    """2103: the market data farm is gone; 2104 when it ends."""

    action: Literal["break_farm"]
    cause: ClassVar[str] = "farm"

    def tell(self, run: Run) -> None:
        """2103."""
        notify(run, Code.DATA_FARM_BROKEN, "Market data farm connection is broken:usfarm")

    def untell(self, run: Run) -> None:
        """2104."""
        notify(run, Code.DATA_FARM_OK, "Market data farm connection is OK:usfarm")


class CompetingSession(_NoData):
    """10197 for every subscription: another session has the market data; data comes back when it ends."""

    action: Literal["competing_session"]
    cause: ClassVar[str] = "competing"

    def tell(self, run: Run) -> None:
        """10197."""
        for session in run.faults.simulation.connections.values():
            for req_id in session.subscriptions:
                session.error(req_id, Code.COMPETING_SESSION, "No market data during competing live session")


class Clear(Fault):
    """Ends another fault, by name."""

    action: Literal["clear"]
    fault: str

    def start(self, run: Run) -> None:
        """End it."""
        run.faults.clear(self.fault)
