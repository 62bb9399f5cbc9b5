"""What may pass: connections by their epoch, order frames by epoch, latch, budget and log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from hedgerow.clock import wall_now
from hedgerow.domain.egress import EgressCode, WriterMark
from hedgerow.domain.errors import InvalidValue, NotFound, Unavailable
from hedgerow.guard.budget import RateBudget
from hedgerow.guard.frame_log import FrameLog
from hedgerow.guard.frames import FrameKind, OrderFrame
from hedgerow.guard.ledger import LATCH, LIFT, WITHHELD, Latch, Record, connect_body, frame_body
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger

_FRAMES = metrics.counter("hedgerow_guard_order_frames_total", "Order frames.", ("kind", "outcome"))


class Guarded(Protocol):
    """A connection as the gate sees it."""

    mark: WriterMark | None
    client_id: int

    def cut(self, code: EgressCode, text: str) -> None:
        """Ends it at once, both ways."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a connection or a frame does not pass."""

    code: EgressCode
    text: str


class Gate:
    """Holds the log, the latches and the budget; all of it on one event loop."""

    def __init__(self, log: FrameLog, order_client_ids: frozenset[int], budget: RateBudget) -> None:
        self.log, self.budget = log, budget
        self.connections: set[Guarded] = set()
        self.forwarded = self.refused = 0
        self._order_client_ids = order_client_ids
        self._logger = get_logger(part="gate")

    # -- connections

    async def enter(self, connection: Guarded) -> Refused | None:
        """Lets a marked writer in: its epoch is on disk, and older connections are cut, before this returns None."""
        mark = connection.mark
        assert mark is not None
        if (refused := self._stale(mark)) is not None:
            return refused
        try:
            await self.log.append(connect_body(mark))
        except Unavailable as error:
            return Refused(EgressCode.NO_LOG, str(error))
        if (refused := self._stale(mark)) is not None:  # a newer one came while the disk was busy
            return refused
        for other in list(self.connections):
            if other.mark is not None and (stale := self._stale(other.mark)) is not None:
                other.cut(stale.code, stale.text)
        return None

    def start(self, connection: Guarded) -> Refused | None:
        """A connection has named its client id: the order-owning ids belong to marked writers."""
        owned, mark = connection.client_id in self._order_client_ids, connection.mark
        if owned and mark is None:
            return Refused(
                EgressCode.REFUSED, f"client id {connection.client_id} owns orders: its connection names no epoch"
            )
        return self._stale(mark) if mark is not None else None

    def _stale(self, mark: WriterMark) -> Refused | None:
        if not self.log.ledger.stale(mark):
            return None
        newest = self.log.ledger.highest[mark.role]
        return Refused(EgressCode.STALE_EPOCH, f"epoch {mark.epoch} of {mark.role} is over, {newest} has connected")

    # -- frames

    def owns_orders(self, connection: Guarded) -> bool:
        """Whether that connection may send frames about orders at all."""
        return connection.mark is not None and connection.client_id in self._order_client_ids

    def kind_of(self, connection: Guarded, frame: OrderFrame) -> FrameKind:
        """What the frame is, by what the log knows."""
        return self.log.ledger.kind_of(connection.client_id, frame)

    def admit(self, connection: Guarded, frame: OrderFrame, kind: FrameKind) -> Refused | None:
        """Whether the frame may be logged and forwarded; takes its message from the budget."""
        refused = self.hold(connection, frame, kind)
        if refused is None and not self.budget.take(time.monotonic(), cancel=not kind.adds_risk):
            refused = Refused(EgressCode.BUDGET, "max rate of messages per second has been reached; it was not sent")
        return refused

    def hold(self, connection: Guarded, frame: OrderFrame, kind: FrameKind) -> Refused | None:
        """Why the frame may not leave now; asked again right before its first byte."""
        assert connection.mark is not None
        refused = self._stale(connection.mark)
        if refused is None and kind.adds_risk:
            latch = self.log.ledger.latch_on(frame.account)
            if latch is not None:
                refused = Refused(EgressCode.LATCHED, f"latch {latch.latch_id} stands: {latch.reason or latch.actor}")
            elif self.log.failed:
                refused = Refused(EgressCode.NO_LOG, f"the frame log takes no writes: {self.log.failed}")
        return refused

    def record(self, connection: Guarded, frame: OrderFrame, kind: FrameKind) -> asyncio.Future[Record]:
        """The frame in the log, once it is on disk."""
        assert connection.mark is not None
        ref = self.log.ledger.name_of(connection.client_id, frame)
        return self.log.append(frame_body(connection.mark, connection.client_id, frame, kind, ref))

    def withhold(self, record: Record) -> asyncio.Future[Record]:
        """The logged frame was not forwarded and never will be: said in the log, once that is on disk."""
        return self.log.append({"kind": WITHHELD, "frame": record.sequence})

    def tell(self, frame: OrderFrame, kind: FrameKind, refused: Refused | None) -> None:
        """Counts and logs what became of a frame."""
        outcome = "forwarded" if refused is None else refused.code.name.lower()
        _FRAMES.labels(kind.value, outcome).inc()
        if refused is None:
            self.forwarded += 1
            return
        self.refused += 1
        self._logger.warning(
            "order frame refused", kind=kind.value, broker_order_id=frame.order_id, account=frame.account,
            client_order_id=frame.client_order_id, code=refused.code.name, cause=refused.text,
        )  # fmt: skip

    # -- latches

    async def set_latch(self, latch_id: str, account: str, actor: str, reason: str) -> Latch:
        """In force before the first await; `durable` says whether it is on disk. Raises InvalidValue.

        The same id again returns the latch as it stands; an id that was lifted is spent.
        """
        if not 1 <= len(latch_id) <= 128:
            raise InvalidValue("latch_id", latch_id, "1 to 128 characters")
        ledger = self.log.ledger
        if latch_id in ledger.lifted:
            raise InvalidValue("latch_id", latch_id, "an id that was not lifted before", "give the new latch a new id")
        standing = ledger.latches.get(latch_id)
        if standing is not None and standing.account != account:
            raise InvalidValue("account", account, f"{standing.account!r}, as that latch has it")
        if standing is not None and standing.durable:
            return standing
        latch = standing or Latch(latch_id, account, actor, reason, wall_now(), False)
        ledger.set_latch(latch)
        body = {"kind": LATCH, "latch_id": latch_id, "account": account, "actor": actor, "reason": reason}
        try:
            await self.log.append(body)
        except Unavailable as error:
            self._logger.error("latch is not on disk", latch_id=latch_id, cause=str(error))
            return latch
        self._logger.warning("latch set", **_words(body))
        return replace(latch, durable=True)

    async def lift_latch(self, latch_id: str, actor: str, reason: str) -> None:
        """On disk before it is lifted. Raises NotFound, Unavailable."""
        ledger = self.log.ledger
        if latch_id in ledger.lifted:
            return
        if latch_id not in ledger.latches:
            known = ", ".join(ledger.latches) or "none"
            raise NotFound(f"no latch {latch_id!r} was ever set here; those that stand: {known}")
        body = {"kind": LIFT, "latch_id": latch_id, "actor": actor, "reason": reason}
        await self.log.append(body)
        self._logger.warning("latch lifted", **_words(body))


def _words(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "kind"}
