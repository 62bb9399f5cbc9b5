"""What every fault has: a trigger, perhaps a time it lasts, and whom it concerns."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hedgerow.ibsim.faults.frames import Incoming, Outgoing
from hedgerow.ibsim.faults.names import ReplyId, RequestId
from hedgerow.ibsim.messages.ids import Request
from hedgerow.tape.sessions import NEW_YORK

if TYPE_CHECKING:
    from hedgerow.ibsim.faults.engine import Run
    from hedgerow.ibsim.session import Session

Sending = tuple[float, bytes]
"""A frame, and after how many seconds it may leave."""


class Part(BaseModel):
    """Base of every part of a scenario: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class When(StrEnum):
    """Whether a fault starts before its triggering frame is handled, or after."""

    BEFORE = "before"
    AFTER = "after"


class MessageTrigger(Part):
    """The nth frame of one kind: from a client (`message`) or to one (`sent`), since the fault was armed."""

    message: RequestId | None = Field(default=None, description="a client's message, by name or number")
    sent: ReplyId | None = Field(default=None, description="a gateway's message, by name or number")
    client: int | None = Field(default=None, ge=0)
    order_ref: str | None = None
    nth: int = Field(default=1, ge=1)
    when: When = When.BEFORE

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.message is None) == (self.sent is None):
            raise ValueError("on: needs either message (from a client) or sent (to a client)")
        return self

    def matches(self, frame: Incoming | Outgoing) -> bool:
        """Whether this frame is one of those to count."""
        wanted = self.message if isinstance(frame, Incoming) else self.sent
        return (
            frame.kind == wanted
            and self.client in (None, frame.client_id)
            and self.order_ref in (None, frame.order_ref)
        )


class Fault(Part):
    """One fault: at most one trigger (none means at once), and what it does then."""

    name: str = Field(default="", max_length=80, description="what to call it; none = its action and number")
    on: MessageTrigger | None = None
    at: str | int | None = Field(default=None, description="market time: 10:30:00 New York, ISO 8601, or ns UTC")
    after_ms: float | None = Field(default=None, ge=0, le=3_600_000, description="wall ms after it is armed")

    sees_requests: ClassVar[bool] = False
    sees_replies: ClassVar[bool] = False
    standing: ClassVar[bool] = False

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, value: str | int | None) -> str | int | None:
        if isinstance(value, str):
            market_time(value, dt.date(2000, 1, 3))
        return value

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if sum(each is not None for each in (self.on, self.at, self.after_ms)) > 1:
            raise ValueError("one trigger at most: on, at or after_ms")
        return self

    def start(self, run: Run) -> None:
        """Its trigger came."""

    def stop(self, run: Run) -> None:
        """It ends: undo what lasts."""

    def incoming(self, run: Run, request: Incoming) -> bool:
        """A client's frame while it is active; True when nobody else is to handle it."""
        return False

    def handled(self, run: Run, request: Incoming) -> None:
        """The same frame once it has been handled, or taken by a fault."""

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """A frame to a client while it is active: what leaves instead of it, or None to leave it alone."""
        return None

    def lag_s(self, run: Run, session: Session, *, inbound: bool) -> float:
        """How late every frame of that session is while it is active, seconds."""
        return 0.0

    def piece(self, run: Run, session: Session) -> tuple[int, float] | None:
        """Into how many bytes that session's frames are cut, and the seconds between two pieces."""
        return None

    def hidden(self, run: Run, session: Session, request: Request) -> set[int]:
        """Permanent ids of orders that an answer to this request leaves out."""
        return set()


class Standing(Fault):
    """A fault that lasts: until cleared, for `for_ms` of wall time, or until it has acted `times` times."""

    for_ms: float | None = Field(default=None, gt=0, le=3_600_000, description="wall ms it lasts")

    standing: ClassVar[bool] = True

    @property
    def limit(self) -> int | None:
        """How often it acts before it ends; None without end."""
        return None


class Repeating(Standing):
    """A standing fault that acts `times` times; null means until it is cleared."""

    times: int | None = Field(default=1, ge=1, description="how often; null = until cleared")

    @property
    def limit(self) -> int | None:
        """How often it acts before it ends."""
        return self.times


class OfClient(Part):
    """Whom a fault concerns: who sends the request, or who is told."""

    client: int | None = Field(default=None, ge=0, description="one client id; none = the trigger's, or every client")

    def concerns(self, run: Run, client_id: int) -> bool:
        """Whether that client is meant."""
        if self.client is not None:
            return self.client == client_id
        trigger = run.fault.on
        return trigger is None or trigger.client in (None, client_id)


class OfOrder(OfClient):
    """Which orders a fault concerns: those named; none named means the triggering one, or any."""

    order_id: int | None = None
    order_ref: str | None = None

    def picks(self, run: Run, frame: Incoming | Outgoing) -> bool:
        """Whether that frame's order is meant."""
        key = frame.key
        if key is None or not self.concerns(run, frame.client_id):
            return False
        if self.order_id is None and self.order_ref is None and run.trigger is not None and run.trigger.key is not None:
            return key == run.trigger.key
        return self.order_id in (None, key[1]) and self.order_ref in (None, frame.order_ref)


def market_time(text: str, day: dt.date) -> int:
    """Market ns UTC of `10:30[:00]` New York on `day`, or of an ISO 8601 time with its zone. Raises ValueError."""
    try:
        if len(text) <= len("10:30:00.000000"):
            when = dt.datetime.combine(day, dt.time.fromisoformat(text), NEW_YORK)
        else:
            when = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"a time: 10:30:00 (New York), or ISO 8601 with a zone ({error})") from error
    if when.tzinfo is None:
        raise ValueError("a time of another day needs its zone, as in 2024-03-04T10:30:00-05:00")
    return int(when.timestamp()) * 1_000_000_000 + when.microsecond * 1000
