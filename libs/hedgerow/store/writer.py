"""The writer thread: one connection, and everything pending commits together."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Backend, Cursor
from hedgerow.store.engine import Store
from hedgerow.store.location import StoreLocation
from hedgerow.store.sqlite import CHECKPOINT_PAGES
from hedgerow.store.writes import Write, WriteCompiler

T = TypeVar("T")
Job = Callable[[Cursor], T]

# A commit holds at most so many jobs, so that a burst's first answers do not wait for its last.
GROUP_LIMIT = 512
# Beyond so many unanswered jobs the disk has stopped keeping up; refusing is the honest answer.
PENDING_LIMIT = 50_000
# SQLite's log is copied into the database when nothing was written for this long, off the order path.
IDLE_CHECKPOINT_S = 0.5
# The log as large as it gets between two checkpoints. Written into a file that has its size already, a commit's sync
# is a third quicker: it has no new length to record.
LOG_ROOM_BYTES = CHECKPOINT_PAGES * 4200

# Errors of one job, beside those of its values, and not of the database: that job fails and the others commit.
_JOB_ERRORS = (HedgerowError, TypeError, ValueError, LookupError)


class _Item(NamedTuple, Generic[T]):
    job: Job[T]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]


_Answer = tuple[_Item[Any], Any, BaseException | None]


class WriterThread:
    """Runs jobs of the event loop on one database connection of its own, in the order submitted.

    A job runs inside a transaction and may be run again when another job of its commit failed,
    so it must do nothing but write. With `latch`, the first database error ends all writing.
    `linger_s`: how long a commit waits for more to share it.
    """

    def __init__(self, store: Store, *, latch: bool, linger_s: float = 0.0) -> None:
        self._store = store
        self._latch = latch
        self._linger_s = linger_s
        self._ending = threading.Event()
        self._failed = ""
        self._pending = 0
        self._closed: asyncio.Future[None] | None = None
        self._queue: queue.SimpleQueue[_Item[Any] | None] = queue.SimpleQueue()
        self._compiler = WriteCompiler(store)
        self._session = store.session(reconnects=not latch)
        self._thread = threading.Thread(target=self._run, name=f"store-{store.owner}", daemon=True)
        self._started = False

    @property
    def backend(self) -> Backend:
        """What it writes to."""
        return self._store.backend

    @property
    def location(self) -> StoreLocation:
        """Where it writes."""
        return self._store.location

    @property
    def failed(self) -> str:
        """Why the last commit failed, in words; empty while commits succeed."""
        return self._failed

    @property
    def pending(self) -> int:
        """Jobs submitted and not answered."""
        return self._pending

    def unavailable(self, why: str) -> HedgerowError:
        """The error a job gets when the database, not the job, failed."""
        name = self._store.backend.name
        return Unavailable(why if why.startswith(name) else f"{name}: {why}", "STORE_UNAVAILABLE")

    def submit(self, job: Job[T]) -> asyncio.Future[T]:
        """Queues a job; the future resolves on the running loop once its transaction is on disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._closed is not None or (self._latch and self._failed):
            future.set_exception(self.unavailable(self._failed or "closed"))
        elif self._pending >= PENDING_LIMIT:
            future.set_exception(self.unavailable(f"{self._pending} writes are waiting for the disk"))
        else:
            if not self._started:
                self._started = True
                self._thread.start()
            failpoint("writer.submit")
            self._pending += 1
            self._queue.put(_Item(job, loop, future))
        return future

    async def close(self) -> None:
        """Commits everything pending, then ends the thread and its connection."""
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            if self._started:
                self._ending.set()
                self._queue.put(None)
                await asyncio.to_thread(self._thread.join)
            self._session.close()
            self._closed.set_result(None)
        await asyncio.shield(self._closed)

    # Below: on the writer thread.

    def _run(self) -> None:
        unsaved = False
        ending = False
        while not ending:
            try:
                item = self._queue.get(timeout=IDLE_CHECKPOINT_S) if unsaved else self._queue.get()
            except queue.Empty:
                self._settle()
                unsaved = False
                continue
            if self._linger_s:
                self._ending.wait(self._linger_s)
            group: list[_Item[Any]] = []
            while item is not None:
                group.append(item)
                if len(group) == GROUP_LIMIT or self._queue.empty():
                    break
                item = self._queue.get_nowait()
            ending = item is None
            if group:
                self._answer(self._commit(group))
                unsaved = True

    def _commit(self, group: list[_Item[Any]]) -> list[_Answer]:
        """Commits the group whole, leaving out jobs that fail by their own fault."""
        answers: list[_Answer] = []
        failures: tuple[type[Exception], ...] = (*self.backend.errors, HedgerowError)
        if self._latch and self._failed:
            return [(item, None, self.unavailable(self._failed)) for item in group]
        while group:
            done: list[_Answer] = []
            try:
                failpoint("writer.begin")
                self._session.begin()
                failpoint("writer.begun")
                self.on_begin()
                cursor = self._session.cursor
                for item in group:
                    try:
                        failpoint("writer.job")
                        done.append((item, item.job(cursor), None))
                    except self.backend.job_errors as error:
                        answers.append((item, None, self.backend.job_error(error)))
                        break
                    except _JOB_ERRORS as error:
                        answers.append((item, None, error))
                        break
                else:
                    failpoint("writer.commit")
                    self._session.commit()
                    failpoint("writer.committed")
                    self.on_commit()
                    self._failed = ""
                    return answers + done
                failpoint("writer.rollback")
                self._session.rollback()
                group.remove(item)
            except failures as error:
                return answers + self._fail(group, " ".join(str(error).split()) or type(error).__name__)
            except BaseException as error:  # noqa: BLE001 - a job's bug must not leave callers waiting for ever
                return answers + self._fail(group, f"{type(error).__name__}: {error}")
        return answers

    def _fail(self, group: list[_Item[Any]], why: str) -> list[_Answer]:
        self._failed = why
        try:
            self._session.rollback()
        except self.backend.errors as error:
            self._failed = f"{why}; and the rollback failed: {error}"
        return [(item, None, self.unavailable(why)) for item in group]

    def _answer(self, answers: Sequence[_Answer]) -> None:
        """Resolves all futures of a loop by waking it once."""
        failpoint("writer.answer")
        loops = {item.loop for item, _, _ in answers}
        for loop in loops:
            mine = [answer for answer in answers if answer[0].loop is loop]
            try:
                loop.call_soon_threadsafe(self._resolve, mine)
            except RuntimeError:
                continue  # that loop is closed: nobody waits there any more

    def _resolve(self, answers: Sequence[_Answer]) -> None:
        """Runs on the loop."""
        self._pending -= len(answers)
        for item, value, error in answers:
            if item.future.done():
                continue
            if error is None:
                item.future.set_result(value)
            else:
                item.future.set_exception(error)

    def _settle(self) -> None:
        self.on_idle()
        try:
            failpoint("writer.settle")
            self._session.settle()
        except self.backend.errors as error:
            self._failed = str(error)

    def on_begin(self) -> None:
        """Called when a transaction has begun; it may be rolled back."""

    def on_commit(self) -> None:
        """Called when a transaction is on disk."""

    def on_idle(self) -> None:
        """Called when nothing was written for a while."""


def make_log_room(store: Store, room_bytes: int = LOG_ROOM_BYTES) -> None:
    """Makes a write-ahead log of ours as long as it gets; a database that keeps its own needs nothing.

    For the one writer, before it writes. A disk without that room only leaves commits slower.
    """
    store.backend.make_room(room_bytes)


class AsyncWriter(WriterThread):
    """Writes rows of one owner off the event loop; a failed commit fails its rows, later ones may succeed.

    With `linger_s` a commit waits for rows to share it: for rows nobody waits for. Each commit is a sync of the disk
    that the order journal shares.
    """

    def __init__(self, store: Store, linger_s: float = 0.0) -> None:
        super().__init__(store, latch=False, linger_s=linger_s)

    def write(self, writes: Sequence[Write]) -> asyncio.Future[None]:
        """Queues rows that commit together; raises InvalidValue or NotFound at once for a wrong shape.

        The future fails with AlreadyExists, NotFound, InvalidValue or Unavailable. Who does not
        await it should look at `failed`; nothing is logged about it.
        """
        prepared = [self._compiler.prepare(write) for write in writes]

        def job(cursor: Cursor) -> None:
            for one in prepared:
                one.execute(cursor)

        future = self.submit(job)
        future.add_done_callback(_retrieve)
        return future


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Marks the error as seen: fire-and-forget writers report through `failed`."""
    if not future.cancelled():
        future.exception()
