"""Standing orders to let nothing new of a scope leave: a pure fold over what the journal, or a file, holds of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from hedgerow.domain.order import Intent


class LatchKind(StrEnum):
    """Why new orders are forbidden; a flatten's own latch is in the fold of flattens."""

    STOP = "STOP"
    PAUSE = "PAUSE"
    KILL = "KILL"
    FLATTEN = "FLATTEN"


class LatchFact(StrEnum):
    """What the journal tells of a latch."""

    SET = "LATCH_SET"
    LIFTED = "LATCH_LIFTED"


CODES = {LatchKind.KILL: "KILLED", LatchKind.STOP: "STOPPED", LatchKind.PAUSE: "PAUSED"}
"""The reason an intent is denied with."""


@dataclass(frozen=True, slots=True)
class LatchEvent:
    """One fact about one latch; `event_time` is market time, `receive_time` wall time, ns UTC.

    SET carries the latch: an empty strategy, account or run means every one; `sequence` is the place of its command
    in the command store, or for one asked of execution itself the newest command heard before it. LIFTED carries in
    `reason` by what, and for a STOP in `run_id` the run that has ended.
    """

    kind: LatchFact
    latch_id: str
    event_time: int
    receive_time: int
    latch: LatchKind = LatchKind.STOP
    strategy: str = ""
    account: str = ""
    run_id: str = ""
    sequence: int = 0
    actor: str = ""
    reason: str = ""


class Latch(NamedTuple):
    """One that was set; see LatchEvent. `created_at` is wall ns UTC."""

    latch_id: str
    kind: LatchKind
    strategy: str
    account: str
    run_id: str
    sequence: int
    actor: str
    reason: str
    created_at: int

    def covers(self, strategy: str, account: str) -> bool:
        """Whether that strategy's orders in that account are in its scope."""
        return self.strategy in ("", strategy) and self.account in ("", account)

    def holds(self, intent: Intent) -> bool:
        """Whether it keeps that intent back; one that names no run counts as any run's."""
        return self.covers(intent.strategy, intent.account) and (
            self.kind is not LatchKind.STOP or not (self.run_id and intent.run_id) or self.run_id == intent.run_id
        )


class Latches:
    """Every latch ever set, and which of them stand; changed only by `apply`, which may be given a fact twice."""

    def __init__(self) -> None:
        self.by_id: dict[str, Latch] = {}
        self.standing: dict[str, Latch] = {}
        self._ended: dict[str, set[str]] = {}

    def apply(self, event: LatchEvent) -> bool:
        """Folds one fact in; whether it changed anything. What was lifted is never set again under its id."""
        if event.kind is LatchFact.SET:
            if event.latch_id in self.by_id:
                return False
            latch = latch_of(event)
            self.by_id[latch.latch_id] = self.standing[latch.latch_id] = latch
            if latch.kind is LatchKind.STOP and latch.run_id:
                self._ended.setdefault(latch.strategy, set()).add(latch.run_id)
            return True
        lifted = self.standing.pop(event.latch_id, None)
        if lifted is not None and lifted.kind is LatchKind.STOP and event.run_id:
            self._ended.setdefault(lifted.strategy, set()).add(event.run_id)
        return lifted is not None

    def holding(self, intent: Intent) -> Latch | None:
        """The weightiest latch that keeps an intent back; None when none does."""
        if not self.standing:
            return None
        found = [latch for latch in self.standing.values() if latch.holds(intent)]
        return min(found, key=lambda latch: _WEIGHT[latch.kind]) if found else None

    def kill_of(self, strategy: str, account: str) -> Latch | None:
        """The kill that stands over that strategy's orders in that account: even a flatten's wait for it to go."""
        kills = (each for each in self.standing.values() if each.kind is LatchKind.KILL)
        return next((latch for latch in kills if latch.covers(strategy, account)), None)

    def ended(self, strategy: str, run_id: str) -> bool:
        """Whether that run was told to stop: nothing of it leaves any more, however late it comes."""
        return bool(run_id and self._ended) and any(run_id in self._ended.get(name, ()) for name in {strategy, ""})

    def of(self, strategy: str) -> list[Latch]:
        """Those that stand over that strategy, oldest first; all of them when it is empty."""
        return [latch for latch in self.standing.values() if not strategy or latch.strategy in ("", strategy)]


_WEIGHT = {LatchKind.KILL: 0, LatchKind.STOP: 1, LatchKind.PAUSE: 2, LatchKind.FLATTEN: 3}


def latch_of(event: LatchEvent) -> Latch:
    """The latch a SET is of."""
    return Latch(
        event.latch_id, event.latch, event.strategy, event.account, event.run_id, event.sequence, event.actor,
        event.reason, event.receive_time,
    )  # fmt: skip


_FIELDS = ("strategy", "account", "run_id", "sequence", "actor", "reason")


def latch_payload(event: LatchEvent) -> dict[str, Any]:
    """A fact about a latch as JSON values, absent parts left out."""
    payload: dict[str, Any] = {
        "latch_id": event.latch_id, "event_time": event.event_time, "receive_time": event.receive_time,
    }  # fmt: skip
    if event.kind is LatchFact.SET:
        payload["latch"] = event.latch.value
    return payload | {key: getattr(event, key) for key in _FIELDS if getattr(event, key)}


def latch_event(kind: str, payload: dict[str, Any]) -> LatchEvent:
    """The fact a journal row of that kind holds; raises KeyError, TypeError or ValueError for no such fact."""
    known = {key: payload[key] for key in _FIELDS if key in payload}
    return LatchEvent(
        LatchFact(kind), payload["latch_id"], payload["event_time"], payload["receive_time"],
        LatchKind(payload.get("latch", LatchKind.STOP)), **known,
    )  # fmt: skip


def fold(events: Iterable[LatchEvent]) -> Latches:
    """The latches a run of facts adds up to."""
    latches = Latches()
    for event in events:
        latches.apply(event)
    return latches
