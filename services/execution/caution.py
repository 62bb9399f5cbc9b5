"""What keeps risk from growing though everything works: the broker's restart, and breaks that portfolio tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import grpc

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.clock import wall_now
from hedgerow.domain.order import Intent
from hedgerow.rpc.positions import follow_positions
from hedgerow.settings import BrokerSettings
from hedgerow.store.transferred import Transferred
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import decimal_from_wire
from services.execution.domain.gate import Refusal
from services.execution.domain.position_breaks import Place, PositionBreak, kept_back
from services.execution.domain.restart_window import NS_PER_S, RestartWindow

LONGER = 1.5
"""How much longer than portfolio settles a break stands here: its word takes its time."""


def window_of(broker: BrokerSettings) -> RestartWindow | None:
    """The configured restart window, None without one."""
    if not broker.restart_time:
        return None
    window = broker.restart_window
    at = datetime.strptime(broker.restart_time, "%H:%M").time()
    before, after = timedelta(minutes=window.minutes_before), timedelta(minutes=window.minutes_after)
    return RestartWindow(at, ZoneInfo(window.zone), before, after)


class Caution:
    """Refuses what may add risk, by name; `run` follows portfolio's positions for breaks.

    Portfolio is a cross-check and not on the order path: unreachable, its last word stands, a break as well as
    none. Before its first word there is no break, for only the ledger's owner can tell one from a person's trade.
    A break it no longer tells of stands for `settle_s` more: that long portfolio itself waits before it calls a
    difference that changed, by a fill for example, a break again.
    """

    def __init__(
        self, broker: BrokerSettings, channel: grpc.aio.Channel, settle_s: float, on_change: Callable[[], None],
        silence_s: float,
    ) -> None:  # fmt: skip
        self._settle_s = LONGER * settle_s
        self._leaving: dict[Place, asyncio.TimerHandle] = {}
        self._channel = channel
        self._silence_s = silence_s
        self._window = window_of(broker)
        self._looked_at = 0
        self._near: datetime | None = None
        self._on_change = on_change
        self._log = get_logger(stream="positions")
        self.breaks: tuple[PositionBreak, ...] = ()
        self.transferred = Transferred()  # no option legs: a flatten asks for them when it closes them

    @property
    def restart(self) -> datetime | None:
        """The restart of the broker whose window this moment is in, in its own time zone."""
        if self._window is None:
            return None
        now = wall_now()
        if self._looked_at != (second := now // NS_PER_S):  # calendars are slow; this is asked for every intent
            self._looked_at, self._near = second, self._window.restart_near(now)
        return self._near

    def refusal(self, intent: Intent) -> Refusal | None:
        """Why this intent may not leave now; never for a flatten's own, which the flatten judges itself."""
        if not intent.reduce_only:
            restart = self.restart
            if restart is not None:
                return Refusal("RESTART_WINDOW", _words(restart))
        return kept_back(self.breaks, intent)

    def reasons(self) -> list[str]:
        """What stands, as block reasons."""
        restart = self.restart
        reasons = [] if restart is None else [f"RESTART_WINDOW: {_words(restart)}"]
        return reasons + [f"POSITION_BREAK {each.words}" for each in self.breaks]

    async def run(self) -> None:
        """Follows portfolio's positions until cancelled."""
        await follow_positions(self._channel, self._hear, self._silence_s)

    def _hear(self, message: portfolio_pb2.StreamPositionsResponse) -> None:
        self.transferred.take(message)
        if message.WhichOneof("event") == "snapshot":
            self._take(message.snapshot)

    def _take(self, snapshot: portfolio_pb2.PositionSnapshot) -> None:
        told = {each.place: each for each in _breaks(snapshot.breaks)}
        for place in told.keys() & self._leaving.keys():
            self._leaving.pop(place).cancel()
        silent = [each for each in self.breaks if each.place not in told]
        if snapshot.complete:  # else it has not compared since it connected: what it does not tell of may stand
            for place in {each.place for each in silent} - self._leaving.keys():
                timer = asyncio.get_running_loop().call_later(self._settle_s, self._lift, place)
                self._leaving[place] = timer
        self._set((*told.values(), *silent))

    def _lift(self, place: Place) -> None:
        del self._leaving[place]
        self._set(tuple(each for each in self.breaks if each.place != place))

    def _set(self, breaks: tuple[PositionBreak, ...]) -> None:
        if breaks != self.breaks:
            self.breaks = breaks
            self._log.warning("position breaks", breaks=self._told())
            self._on_change()

    def _told(self) -> list[str]:
        return [f"{each.account} {each.words}" for each in self.breaks]


def _words(restart: datetime) -> str:
    return f"the broker restarts at {restart:%H:%M %Z}"


def _breaks(rows: Iterable[portfolio_pb2.PositionBreak]) -> Iterable[PositionBreak]:
    for row in rows:
        yield PositionBreak(
            row.account, row.instrument_id, decimal_from_wire("break.ledger_quantity", row.ledger_quantity),
            decimal_from_wire("break.broker_quantity", row.broker_quantity), row.settling,
        )  # fmt: skip
