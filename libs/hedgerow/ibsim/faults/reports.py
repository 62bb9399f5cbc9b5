"""Faults of what a client is told: mute, omitted, late, doubled, out of order, lagging, in pieces."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from hedgerow.ibsim.faults.engine import Run, Stage
from hedgerow.ibsim.faults.frames import Outgoing
from hedgerow.ibsim.faults.model import OfClient, OfOrder, Repeating, Sending, Standing
from hedgerow.ibsim.faults.names import ReplyId
from hedgerow.ibsim.messages.ids import Reply

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session


class Mute(OfClient, Standing):
    """These kinds of message are never sent, asked for or not."""

    action: Literal["mute"]
    messages: tuple[ReplyId, ...] = Field(min_length=1)

    sees_replies: ClassVar[bool] = True

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Not sent."""
        if reply.kind not in self.messages or not self.concerns(run, reply.client_id):
            return None
        run.used()
        return []


class _OfReports(OfOrder, Repeating):
    """A fault of live reports of orders; answers to list requests are left alone."""

    reports: tuple[ReplyId, ...] = Field(default=(), description="the kinds of report; none = any")

    sees_replies: ClassVar[bool] = True

    def takes(self, run: Run, reply: Outgoing) -> bool:
        """Whether it acts on this report."""
        return (not self.reports or reply.kind in self.reports) and reply.is_live and self.picks(run, reply)


class OmitReports(_OfReports):
    """A report is never sent."""

    action: Literal["omit_reports"]

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Not sent."""
        if not self.takes(run, reply):
            return None
        run.used()
        return []


class DelayReports(_OfReports):
    """A report is sent `ms` later; others overtake it."""

    action: Literal["delay_reports"]
    ms: float = Field(gt=0, le=600_000)

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Sent later."""
        if not self.takes(run, reply):
            return None
        run.used()
        return [(self.ms / 1e3, reply.frame)]


class DuplicateReports(_OfReports):
    """A report is sent again `copies` times, each `gap_ms` after the one before."""

    action: Literal["duplicate_reports"]
    copies: int = Field(default=1, ge=1, le=1000)
    gap_ms: float = Field(default=0, ge=0, le=600_000)

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Sent more than once."""
        if not self.takes(run, reply):
            return None
        run.used()
        return [(number * self.gap_ms / 1e3, reply.frame) for number in range(self.copies + 1)]


class ReorderReports(_OfReports):
    """`window` reports are held back and sent in the opposite order, at the latest after `wait_ms`."""

    action: Literal["reorder_reports"]
    window: int = Field(default=2, ge=2, le=1000)
    wait_ms: float = Field(default=500, gt=0, le=600_000)

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Held back, or sent with those held before."""
        if not self.takes(run, reply):
            return None
        run.held.append((reply.session, reply.frame))
        mine = [frame for session, frame in run.held if session is reply.session]
        if len(mine) == 1:
            run.faults.later(self.wait_ms / 1e3, lambda: self._give_up(run, reply.session, reply.frame))
        if len(mine) < self.window:
            return []
        run.held = [each for each in run.held if each[0] is not reply.session]
        run.used()
        return [(0.0, frame) for frame in reversed(mine)]

    def stop(self, run: Run) -> None:
        """What is still held is sent as it came."""
        for session in dict.fromkeys(session for session, _ in run.held):
            self._give_up(run, session, None)

    def _give_up(self, run: Run, session: Session, first: bytes | None) -> None:
        held = [frame for owner, frame in run.held if owner is session]
        if not held or (first is not None and held[0] is not first):
            return
        run.held = [each for each in run.held if each[0] is not session]
        session.release(list(reversed(held)) if run.stage is Stage.ACTIVE else held)


class LateCommission(OfOrder, Repeating):
    """Commission reports come `ms` later, live or asked for."""

    action: Literal["late_commission"]
    ms: float = Field(gt=0, le=600_000)

    sees_replies: ClassVar[bool] = True

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Sent later."""
        if reply.kind != Reply.COMMISSION or not self.picks(run, reply):
            return None
        run.used()
        return [(self.ms / 1e3, reply.frame)]


class Direction(StrEnum):
    """Seen from the client."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


class Latency(OfClient, Standing):
    """Every frame is `ms` under way: to the gateway (out), from it (in), or both ways; order is kept."""

    action: Literal["latency"]
    ms: float = Field(gt=0, le=600_000)
    direction: Direction = Direction.BOTH

    sees_requests: ClassVar[bool] = True
    sees_replies: ClassVar[bool] = True

    def lag_s(self, run: Run, session: Session, *, inbound: bool) -> float:
        """The lag; `inbound` is to the gateway, which the client calls out."""
        other = Direction.IN if inbound else Direction.OUT
        return self.ms / 1e3 if self.direction is not other and self.concerns(run, session.client_id) else 0.0


class Fragment(OfClient, Standing):
    """What the gateway sends arrives `bytes` at a time, `gap_ms` apart."""

    action: Literal["fragment"]
    size: int = Field(default=1, ge=1, le=1 << 20, alias="bytes")
    gap_ms: float = Field(default=0, ge=0, le=1000)

    sees_replies: ClassVar[bool] = True

    def piece(self, run: Run, session: Session) -> tuple[int, float] | None:
        """Size and gap."""
        return (self.size, self.gap_ms / 1e3) if self.concerns(run, session.client_id) else None
