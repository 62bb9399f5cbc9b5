"""The writer's lease: its lock is held and its pulse beats; who waits takes the place of a holder whose pulse stops.

Everything is measured on a clock that only goes forward, on each side its own: no wall time is compared, so a clock
that jumps extends nothing. The holder gives up before anyone who waits may take: it measures from the beginning of its
last beat, who waits from when it saw the last beat end.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from hedgerow.domain.errors import FailedPrecondition, HedgerowError, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Pulse
from hedgerow.store.engine import Store, holder_pulse, open_store
from hedgerow.store.location import Place
from hedgerow.telemetry.logs import get_logger

T = TypeVar("T")

BEATS = 8
"""Beats within a lease."""
MARGIN = 1.25
"""Who waits lets so many leases pass without a beat: clocks of two hosts do not run alike."""
POLL_S = 0.25


def steady_now() -> float:
    """Seconds on a clock that nobody sets; it counts on while a host sleeps, where it can."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Term:
    """The holder's side: how long it may act without another beat."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._until = float("-inf")

    def beaten(self, began: float) -> None:
        """A beat that began then has been seen to."""
        self._until = max(self._until, began + self._lease_s)

    def holds(self, now: float) -> bool:
        """Whether nobody can have taken its place yet."""
        return now < self._until


class Vigil:
    """The side of who waits: for how long the same pulse has been seen."""

    def __init__(self, lease_s: float) -> None:
        self._patience_s = MARGIN * lease_s
        self._pulse: Pulse | None = None
        self._since = 0.0

    def saw(self, pulse: Pulse | None, now: float) -> Pulse | None:
        """The pulse of a holder to be put out, None while one beats or before it has been still for long enough.

        `now` is read before the pulse is: what is seen was true then or later.
        """
        if pulse is None or self._pulse is None or pulse != self._pulse:
            self._pulse, self._since = pulse, now
            return None
        return pulse if now - self._since > self._patience_s else None


class Lease:
    """A held writer's lock with its term; made when the store has just been opened."""

    def __init__(self, store: Store, lease_s: float, now: Callable[[], float] = steady_now) -> None:
        self._store, self._lease_s, self._now = store, lease_s, now
        self._term = Term(lease_s)
        self._term.beaten(now())  # the lock was taken a moment ago
        self._ended = ""
        self._over = asyncio.Event()

    def held(self) -> bool:
        """Whether this process may act as the writer now; a few microseconds, it never waits."""
        return not self._ended and self._term.holds(self._now()) and self._store.held()

    def require(self) -> None:
        """Raises Unavailable (LEASE_LOST) unless `held`."""
        if not self.held():
            raise Unavailable(f"this process is not the writer any more{self._why()}", "LEASE_LOST")

    def require_unreplaced(self) -> None:
        """Raises Unavailable (LEASE_LOST) once another writer is known of; a server that is away tells of none."""
        if self._replaced():
            raise Unavailable("another process has become the writer", "LEASE_LOST")

    def _replaced(self) -> bool:
        return bool(self._ended) or (self._store.location.folder is not None and not self._store.held())

    def end(self, why: str) -> None:
        """Somebody else knows of a newer writer: never held again."""
        self._ended = self._ended or why
        self._over.set()

    def _why(self) -> str:
        return f": {self._ended}" if self._ended else ""

    async def keep(self) -> None:
        """Beats until canceled; a store that does not answer lets the term run out, one that answers again begins anew.

        Raises FailedPrecondition (LEASE_LOST) once the lock itself is lost and the store can be reached: a process
        started anew finds its place. While it cannot, who still has orders at the broker stays, to cancel them.
        """
        logger = get_logger()
        lost_at = 0.0
        while True:
            began = self._now()
            failpoint("lease.beat")
            beat = _in_thread(self._store.backend.beat)
            over = asyncio.ensure_future(self._over.wait())
            # A server that fell silent keeps a beat for as long as TCP hopes; the guard may tell the end before.
            await asyncio.wait((beat, over), return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            try:
                if beat.done():
                    beat.result()
                    self._term.beaten(began)
                    lost_at = 0.0
            except Unavailable as error:
                if not lost_at:
                    logger.error("lease not renewed", cause=str(error), lease_s=self._lease_s)
                lost_at = lost_at or began
            late = bool(lost_at) and self._now() - lost_at >= self._lease_s
            if self._replaced() or (late and await self._replaceable()):
                raise FailedPrecondition(
                    f"the writer's lock of {self._store.backend.name} is lost{self._why()}; "
                    "a process started anew takes its place, or waits for it", "LEASE_LOST",
                )  # fmt: skip
            await asyncio.sleep(self._lease_s / BEATS)

    async def _replaceable(self) -> bool:
        """Whether a new process could open the store, or would find another writer there."""
        try:
            await _in_thread(lambda: holder_pulse(self._store.location, self._store.owner))
        except Unavailable:
            return False
        return True


def _in_thread(call: Callable[[], T]) -> asyncio.Future[T]:
    """Runs a call that may hang on a thread nobody waits for when the process ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: HedgerowError | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(T, result))

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except HedgerowError as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="lease", daemon=True).start()
    return future


async def stand_by(place: Place, owner: str, lease_s: float, waiting: Callable[[str], None]) -> Store:
    """The store, opened once its writer has ended or its pulse has stopped; `waiting(holder)` is told while it has not.

    Raises as `open_store` does, but not for a writer in place or a server that is away.
    """
    vigil = Vigil(lease_s)
    logger = get_logger()
    while True:
        seen_at = steady_now()
        try:
            still = vigil.saw(await asyncio.to_thread(holder_pulse, place, owner), seen_at)
            if still is not None:
                logger.warning("the writer's pulse has stopped: its place is taken", holder=still.holder)
            return await asyncio.to_thread(open_store, place, owner, False, still)
        except HedgerowError as error:
            if not isinstance(error, Unavailable) and error.reason != "STORE_IN_USE":
                raise
            waiting(str(error))
        await asyncio.sleep(min(POLL_S, lease_s / BEATS))
