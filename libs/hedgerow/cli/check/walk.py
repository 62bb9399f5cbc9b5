"""A system of the check's own led through normal, degraded and broken, looked at over HTTP and in its sink."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.risk.v1 import risk_pb2, risk_pb2_grpc
from hedgerow.cli.check.context import NS_PER_S, POLL_S, RPC_TIMEOUT_S, Context
from hedgerow.cli.check.remote_stops import RemoteStop, remote_stops
from hedgerow.cli.check.result import Failed
from hedgerow.cli.check.signals import await_orders, frames
from hedgerow.cli.check.throwaway import Throwaway, throwaway_system
from hedgerow.clock import wall_now

NORMAL, DEGRADED, BROKEN = "green", "yellow", "red"
_TURN_S = 30.0
_SETTLE_S = 0.5
_WATCH_S = 1.5


class Told(NamedTuple):
    """What one place says of a strategy."""

    lamp: str
    self_check: str
    reasons: tuple[str, ...]


class Seen(NamedTuple):
    """One state: what led to it, what GET /status and the sink told of it, and frames of orders while it stood.

    `sink` is None where the daemon was dead: then its last snapshot is old, and its age is what tells.
    """

    cause: str
    status: Told
    whole: Told
    sink: Told | None
    orders: int


class Walk(NamedTuple):
    """Every state seen, in order, and the stops at its end."""

    states: tuple[Seen, ...]
    stops: tuple[RemoteStop, ...]


def walk(ctx: Context) -> Walk:
    """Leads a system of its own through its states and stops it from the network; done once per run."""

    def work() -> Walk:
        with throwaway_system(ctx.tell, ctx.settings) as system, system.context as own:
            return Walk(tuple(_states(system, own)), tuple(remote_stops(system, own)))

    return ctx.once("walk", work)


def _states(system: Throwaway, own: Context) -> Iterator[Seen]:
    began = wall_now()
    child = system.start_daemon()
    system.tell("waiting until the daemon trades")
    await_orders(system, child, began)
    yield _seen(own, "the daemon hedges", NORMAL)
    own.web.post("/control/pause", actor="check", reason="acceptance check")
    yield _seen(own, "POST /control/pause", DEGRADED, "PAUSED")
    own.web.post("/control/resume", actor="check", reason="acceptance check")
    _turned(own, NORMAL)
    system.gateway("drop")
    yield _seen(own, "the broker dropped its connections", DEGRADED, "WAITING_IB", watch_s=_SETTLE_S)
    _turned(own, NORMAL)
    with _frozen(system):
        yield _seen(own, "the market's quotes stood still", BROKEN, "DATA_STALE")
    _turned(own, NORMAL)
    with _halted(own):
        yield _seen(own, "risk was halted", BROKEN, "RISK_HALT")
    _turned(own, NORMAL)
    system.kill(system.daemon)
    yield _seen(own, "the daemon was killed", BROKEN, "HEARTBEAT_MISSING", alive=False)
    system.start_daemon()
    yield _seen(own, "the daemon was started again", NORMAL)


@contextmanager
def _frozen(system: Throwaway) -> Iterator[None]:
    system.gateway("freeze", on=True)
    yield
    system.gateway("freeze", on=False)


@contextmanager
def _halted(own: Context) -> Iterator[None]:
    _set_trading_state(own, common_pb2.TRADING_STATE_HALTED)
    yield
    _set_trading_state(own, common_pb2.TRADING_STATE_ACTIVE)


def _set_trading_state(own: Context, state: common_pb2.TradingState) -> None:
    operator = common_pb2.Operator(request_id=f"check-{uuid.uuid4().hex}", actor="check", reason="acceptance check")
    stub = risk_pb2_grpc.RiskServiceStub(own.channel("risk"))
    stub.SetTradingState(risk_pb2.SetTradingStateRequest(trading_state=state, operator=operator), timeout=RPC_TIMEOUT_S)


def _turned(own: Context, lamp: str, reason: str = "", alive: bool = True) -> tuple[Told, Told, Told | None]:
    """Waits until GET /status, the whole and the strategy's part, and the sink all tell of that lamp and reason."""
    name = own.strategies[0]
    told: list[Told | None] = []

    def agreed() -> bool:
        status = own.web.status()
        part: dict[str, Any] = next((one for one in status["strategies"] if one["strategy"] == name), {})
        told[:] = [told_of(part), told_of(status), told_of(own.current(name)) if alive else None]
        return all(one is None or (one.lamp == lamp and _holds(one, reason)) for one in told)

    own.tell(f"waiting for the lamp {lamp} {reason}")
    own.until(agreed, _TURN_S, lambda: f"not {lamp} {reason}: {told}")
    strategy, whole, sink = told
    assert strategy is not None
    assert whole is not None
    return strategy, whole, sink


def _holds(told: Told, reason: str) -> bool:
    return any(one.split(" ", 1)[0] == reason for one in told.reasons) if reason else not told.reasons


def _seen(own: Context, cause: str, lamp: str, reason: str = "", alive: bool = True, watch_s: float = _WATCH_S) -> Seen:
    """The state once it is there, and how many orders cross the byte tap while it stands."""
    status, whole, sink = _turned(own, lamp, reason, alive)
    began = wall_now() + int(_SETTLE_S * NS_PER_S)  # an order decided on before may still be on its way
    while wall_now() < began + watch_s * NS_PER_S:
        time.sleep(POLL_S)
    return Seen(cause, status, whole, sink, len(frames(own.state, began)))


def told_of(document: dict[str, Any]) -> Told:
    """What a snapshot, a strategy of GET /status or the whole of it says; raises Failed for a missing key."""
    try:
        return Told(document["status_lamp"], document["self_check"], tuple(document["block_reasons"]))
    except KeyError as error:
        raise Failed(f"{error} is missing") from error
