"""Where frames of a session with faults pass: late, in pieces, or not at all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from hedgerow.ibsim.faults.frames import Outgoing

if TYPE_CHECKING:
    from hedgerow.ibsim.faults.engine import Faults
    from hedgerow.ibsim.session import Session

Item = TypeVar("Item")


class Lagged(Generic[Item]):
    """Hands items on in the order they came, each after its lag."""

    def __init__(self, deliver: Callable[[Item], None]) -> None:
        self._deliver = deliver
        self._waiting: deque[tuple[float, Item]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, item: Item, lag_s: float) -> None:
        """Hand it on after `lag_s`, never before what came earlier."""
        if not lag_s and not self._waiting:
            self._deliver(item)
            return
        self._waiting.append((asyncio.get_running_loop().time() + lag_s, item))
        self._wind()

    def _wind(self) -> None:
        if self._timer is None and self._waiting:
            self._timer = asyncio.get_running_loop().call_at(self._waiting[0][0], self._due)

    def _due(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0][0] <= now + 1e-6:
            self._deliver(self._waiting.popleft()[1])
        self._wind()


class Outlet:
    """Takes a session's frames instead of its socket while a fault looks at what is sent."""

    def __init__(self, session: Session, faults: Faults) -> None:
        self._session = session
        self._faults = faults
        self._late = Lagged[list[bytes]](self._leave)
        self._pieces: deque[bytes] = deque()
        self._cutting = False

    @property
    def is_idle(self) -> bool:
        """Whether it holds nothing back."""
        return not self._late and not self._pieces

    def __call__(self, frames: list[bytes]) -> None:
        """Frames as the gateway made them, in order."""
        now: list[bytes] = []
        for frame in frames:
            reply = Outgoing(self._session, frame, self._session.answering)
            for delay_s, each in self._faults.replace(reply):
                if delay_s:
                    self._faults.later(delay_s, partial(self.push, [each]))
                else:
                    now.append(each)
        self.push(now)

    def push(self, frames: list[bytes]) -> None:
        """Frames as they shall leave, after the session's lag."""
        if frames:
            self._late.put(frames, self._faults.lag_s(self._session, inbound=False))
        self._faults.settle(self._session)

    def _leave(self, frames: list[bytes]) -> None:
        piece = self._faults.piece(self._session)
        if piece is None and not self._pieces:
            self._session.write(frames)
        else:
            # The tap writes down whole frames, as they begin to leave.
            self._session.tap(frames)
            data, size = b"".join(frames), piece[0] if piece is not None else 1 << 16
            self._pieces.extend(data[at : at + size] for at in range(0, len(data), size))
            if not self._cutting:
                self._cut()
        for frame in frames:
            self._faults.sent(Outgoing(self._session, frame, self._session.answering))
        self._faults.settle(self._session)

    def _cut(self) -> None:
        self._cutting = bool(self._pieces)
        if not self._pieces:
            self._faults.settle(self._session)
            return
        self._session.write_bytes(self._pieces.popleft())
        piece = self._faults.piece(self._session)
        self._faults.later(piece[1] if piece is not None else 0.0, self._cut)
