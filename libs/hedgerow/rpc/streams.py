"""Fan-out to many readers of different speed: quotes are conflated latest-wins, order events never.

Everything here runs on one event loop; `publish` never waits and never raises for a slow reader.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

from hedgerow.failpoints import failpoint

T = TypeVar("T")

SLOW_CONSUMER = "SLOW_CONSUMER"
DRAINING = "DRAINING"
BACKLOG_BATCH = 1024
"""Most items of a resumed backlog in one batch: a message has a size limit."""


class Batch(NamedTuple, Generic[T]):
    """Everything that was pending for a reader, oldest first.

    `sequence` is the broadcast's count of items published up to this batch; `dropped` counts items conflated
    away since the batch before; no items, nothing dropped and no `closing` = idle: send a heartbeat.
    `closing` is set on the last batch: why the stream ends.
    """

    items: tuple[T, ...]
    sequence: int
    dropped: int = 0
    closing: str = ""

    @property
    def idle(self) -> bool:
        """Whether this only says that nothing happened for the interval."""
        return not (self.items or self.dropped or self.closing)


class Reader(ABC, Generic[T]):
    """One reader's place in a broadcast; iterate `batches`, then `close` (or use it in a `with`)."""

    def __init__(self, owner: Broadcast[T], accepts: Callable[[T], bool] | None) -> None:
        self._owner = owner
        self._accepts = accepts
        self._wake: asyncio.Future[None] | None = None
        self._closing = ""
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_since = 0.0

    @abstractmethod
    def _put(self, item: T) -> None:
        """Takes an item in."""

    @abstractmethod
    def _take(self) -> tuple[tuple[T, ...], int]:
        """Everything pending and the number dropped; empties both."""

    @property
    @abstractmethod
    def pending(self) -> int:
        """Items waiting."""

    def _offer(self, items: Iterable[T]) -> None:
        accepts = self._accepts
        for item in items:
            if accepts is None or accepts(item):
                self._put(item)
        self._awake()

    def _awake(self) -> None:
        wake = self._wake
        if wake is not None and not wake.done() and (self.pending or self._closing):
            wake.set_result(None)

    def end(self, reason: str) -> None:
        """Takes nothing more in; what is pending is still delivered, then `reason`."""
        failpoint("rpc.end")
        if not self._closing:
            self._closing = reason
            self._owner.unsubscribe(self)
            self._awake()

    def close(self) -> None:
        """Leaves the broadcast at once."""
        self._owner.unsubscribe(self)
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> Reader[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def next(self, idle_s: float) -> Batch[T]:
        """Waits until something is pending and takes all of it; after `idle_s` seconds of nothing, an idle batch."""
        if not self.pending and not self._closing:
            await self._wait(idle_s)
        failpoint("rpc.batch")
        items, dropped = self._take()
        self._ended = bool(self._closing) and not self.pending
        return Batch(items, self._owner.sequence, dropped, self._closing if self._ended else "")

    async def batches(self, idle_s: float) -> AsyncIterator[Batch[T]]:
        """Batches until the broadcast closes this reader; the last one tells why."""
        try:
            while not self._ended:
                yield await self.next(idle_s)
        finally:
            self.close()

    async def _wait(self, idle_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        self._quiet_since = loop.time()
        if self._timer is None:
            # one timer per reader that puts itself off, instead of one armed and canceled per wait
            self._timer = loop.call_later(idle_s, self._quiet, idle_s)
        try:
            await self._wake
        finally:
            self._wake = None

    def _quiet(self, idle_s: float) -> None:
        self._timer = None
        wake = self._wake
        if wake is None or wake.done():
            return
        loop = wake.get_loop()
        rest = self._quiet_since + idle_s - loop.time()
        if rest > 0.001:
            self._timer = loop.call_later(rest, self._quiet, idle_s)
        else:
            wake.set_result(None)


class ConflatingReader(Reader[T]):
    """Holds at most one item per key: a newer one replaces the older and counts as dropped."""

    def __init__(
        self, owner: Broadcast[T], accepts: Callable[[T], bool] | None, key: Callable[[T], Hashable], limit: int
    ) -> None:
        super().__init__(owner, accepts)
        self._key = key
        self._limit = limit
        self._items: dict[Hashable, T] = {}
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Items waiting."""
        return len(self._items)

    def _put(self, item: T) -> None:
        items, key = self._items, self._key(item)
        if items.pop(key, None) is not None:
            self._dropped += 1
        elif len(items) >= self._limit:
            del items[next(iter(items))]
            self._dropped += 1
        items[key] = item

    def _take(self) -> tuple[tuple[T, ...], int]:
        taken = tuple(self._items.values()), self._dropped
        self._items.clear()
        self._dropped = 0
        return taken


class LosslessReader(Reader[T]):
    """Holds every item in order up to the bound; beyond it the reader is ended with SLOW_CONSUMER."""

    def __init__(self, owner: Broadcast[T], accepts: Callable[[T], bool] | None, limit: int) -> None:
        super().__init__(owner, accepts)
        self._limit = limit
        self._backlog: deque[T] = deque()
        self._items: deque[T] = deque()

    @property
    def pending(self) -> int:
        """Items waiting."""
        return len(self._backlog) + len(self._items)

    def _put(self, item: T) -> None:
        if self._closing:
            return
        if len(self._items) >= self._limit:
            self.end(SLOW_CONSUMER)
        else:
            self._items.append(item)

    def preload(self, items: Iterable[T]) -> None:
        """Puts a backlog before everything published from now on; the bound does not count it."""
        failpoint("rpc.resume")
        self._backlog.extend(items)

    def _take(self) -> tuple[tuple[T, ...], int]:
        if self._backlog:
            size = min(len(self._backlog), BACKLOG_BATCH)
            return tuple(self._backlog.popleft() for _ in range(size)), 0
        taken = tuple(self._items)
        self._items.clear()
        return taken, 0


class Broadcast(ABC, Generic[T]):
    """Readers of one kind; `sequence` counts items published, whoever takes them."""

    def __init__(self, limit: int, sequence: int = 0) -> None:
        if limit < 1:
            raise ValueError("limit is at least 1")
        self.limit = limit
        self.sequence = sequence
        self._readers: set[Reader[T]] = set()
        self._closing = ""

    @property
    def readers(self) -> int:
        """Readers subscribed."""
        return len(self._readers)

    def publish(self, item: T) -> None:
        """Hands one item to every reader."""
        self.publish_all((item,))

    def publish_all(self, items: tuple[T, ...] | list[T]) -> None:
        """Hands items, oldest first, to every reader, waking each once."""
        failpoint("rpc.publish")
        self.sequence += len(items)
        for reader in tuple(self._readers):
            reader._offer(items)

    def unsubscribe(self, reader: Reader[T]) -> None:
        """Forgets a reader; idempotent."""
        self._readers.discard(reader)

    def close(self, reason: str = DRAINING) -> None:
        """Ends every reader, and each that still comes, with `reason`."""
        self._closing = reason
        for reader in tuple(self._readers):
            reader.end(reason)

    def _joined(self, reader: Reader[T]) -> None:
        self._readers.add(reader)
        if self._closing:
            reader.end(self._closing)


class ConflatingBroadcast(Broadcast[T]):
    """For values of which only the newest per key matters, such as quotes."""

    def __init__(self, key: Callable[[T], Hashable], limit: int = 4096, sequence: int = 0) -> None:
        super().__init__(limit, sequence)
        self._key = key

    def subscribe(self, accepts: Callable[[T], bool] | None = None, initial: Iterable[T] = ()) -> ConflatingReader[T]:
        """A reader of what `accepts` (None = all), starting with the current values `initial`."""
        reader = ConflatingReader(self, accepts, self._key, self.limit)
        self._joined(reader)
        reader._offer(initial)
        return reader


class LosslessBroadcast(Broadcast[T]):
    """For events that must all arrive in order, such as execution reports."""

    def __init__(self, limit: int = 4096, sequence: int = 0) -> None:
        super().__init__(limit, sequence)

    def subscribe(self, accepts: Callable[[T], bool] | None = None, initial: Iterable[T] = ()) -> LosslessReader[T]:
        """A reader of what `accepts` (None = all), after the backlog `initial` it resumes with."""
        reader = LosslessReader(self, accepts, self.limit)
        reader.preload(initial)
        self._joined(reader)
        return reader
