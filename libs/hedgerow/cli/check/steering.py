"""A system of the check's own paused, resumed and flattened, with the byte tap and every other position watched."""

from __future__ import annotations

import json
import time
import uuid
from decimal import Decimal
from typing import Any, NamedTuple

import grpc

from hedgerow.api.control.v1 import control_pb2_grpc
from hedgerow.cli.check.commands import awaited_outcome, outcome_of
from hedgerow.cli.check.context import NS_PER_S, POLL_S, RPC_TIMEOUT_S, Context, other_process
from hedgerow.cli.check.probes import hold
from hedgerow.cli.check.result import require
from hedgerow.cli.check.signals import NOTICE_SLACK_S, await_orders, decided_after, frames
from hedgerow.cli.check.throwaway import Throwaway, throwaway_system
from hedgerow.cli.supervisor import Child
from hedgerow.clock import wall_now
from hedgerow.domain.command import CommandKind, FlattenOptions, FlattenTarget, NewCommand
from hedgerow.domain.position import ZERO
from hedgerow.store.commands import find_command
from hedgerow.store.read import read_decisions, read_orders, read_rows
from hedgerow.wire.control import new_command_to_wire

MANUAL_SHARES = 37
OTHER_SHARES = 5
SOON_S = 2.0
"""Wall seconds after which GET /status tells of what happened."""
_PAUSED_S = 6.0
_OUTCOME_S = 20.0
_FLATTEN_S = 90.0
_QUIET_S = 2.0
_DRIFT_SHARES = 5.0
_SEEN_S = 5
_DRIFT_S = 90.0


class Pause(NamedTuple):
    """A pause and the resume after it; times wall ns."""

    outcomes: tuple[str, str]
    new_orders: tuple[str, ...]
    resting: int
    seconds: float
    lamps: tuple[str, ...]
    checks: tuple[str, ...]
    reasons: tuple[str, ...]
    beats: int
    oldest_s: float
    evaluations: int
    runs: tuple[str, str]
    configurations: tuple[str, str]
    orders_after: int
    reasons_after: tuple[str, ...]


class Flattened(NamedTuple):
    """One flatten: positions by owner and instrument before and after, and the operations it left."""

    target: str
    channel: str
    outcome: str
    before: dict[tuple[str, str], Decimal]
    after: dict[tuple[str, str], Decimal]
    wanted: Decimal
    option_delta: float
    broker_shares: Decimal
    strange_orders: tuple[str, ...]
    path: tuple[Decimal, ...]
    operations: dict[str, int]
    orders_afterwards: int
    reasons: tuple[str, ...]


class Steering(NamedTuple):
    """All of it."""

    strategy: str
    symbol: str
    pause: Pause
    flattens: tuple[Flattened, ...]


def steering(ctx: Context) -> Steering:
    """Pauses, resumes and flattens a system of its own; done once per run."""

    def work() -> Steering:
        with throwaway_system(ctx.tell, ctx.settings, MANUAL_SHARES) as system, system.context as own:
            began = wall_now()
            child = system.start_daemon()
            system.tell("waiting until the daemon trades")
            await_orders(system, child, began)
            hold(own, OTHER_SHARES)
            pause = _pause(system, own, child)
            zero = _flatten_to_zero(system, own)
            outcome_of(own, "/control/resume")
            await_orders(system, child, wall_now())
            neutral = _flatten_to_neutral(system, own)
            return Steering(system.strategy, system.system.settings.strategies[0].underlying.symbol, pause,
                            (zero, neutral))  # fmt: skip

    return ctx.once("steering", work)


def _pause(system: Throwaway, own: Context, child: Child) -> Pause:
    name = system.strategy
    own.until(lambda: own.web.strategy(name)["status_lamp"] == "green", _OUTCOME_S, "the lamp does not turn green")
    before = own.web.strategy(name)
    paused = outcome_of(own, "/control/pause")
    began = wall_now()
    own.until(
        lambda: "PAUSED" in own.web.strategy(name)["block_reasons"], SOON_S, "GET /status does not tell of the pause"
    )
    own.tell(f"paused: watching for {_PAUSED_S:g} s")
    seen: dict[int, dict[str, Any]] = {}
    oldest_s, whole = 0.0, []
    while wall_now() < began + _PAUSED_S * NS_PER_S:
        status = own.web.status()
        part = next(one for one in status["strategies"] if one["strategy"] == name)
        seen.setdefault(part["heartbeat_ts"], part)
        whole.append((status["status_lamp"], status["self_check"]))
        oldest_s = max(oldest_s, (wall_now() - part["heartbeat_ts"]) / NS_PER_S)
        time.sleep(POLL_S)
    seconds = (wall_now() - began) / NS_PER_S
    late = decided_after(own.state, name, began, began)
    resting = read_orders(own.store, name, open_only=True)
    told = json.loads(other_process("-m", "hedgerow.cli", "resume", str(own.state.root), "--json"))[0]
    resumed = wall_now()
    after = await_orders(system, child, resumed)
    part = own.web.strategy(name)
    counts = [one["counters"]["evaluations"] for one in seen.values()]
    return Pause(
        (paused, told["outcome"]), tuple(late), len(resting), seconds,
        tuple(dict.fromkeys(lamp for lamp, _ in whole)), tuple(dict.fromkeys(check for _, check in whole)),
        tuple(dict.fromkeys(reason for one in seen.values() for reason in one["block_reasons"])),
        len(seen), oldest_s, counts[-1] - counts[0], (before["run_id"], part["run_id"]),
        (before["config_hash"], part["config_hash"]), after, tuple(part["block_reasons"]),
    )  # fmt: skip


def _flatten_to_zero(system: Throwaway, own: Context) -> Flattened:
    """By HTTP, as soon as there is something to close."""
    _await_stock(system, own)

    def ask() -> str:
        return outcome_of(own, "/control/flatten", _FLATTEN_S, to="zero")

    return _flatten(system, own, "zero", "POST /control/flatten", ask)


def _flatten_to_neutral(system: Throwaway, own: Context) -> Flattened:
    """Over gRPC, on a paused strategy whose net delta has drifted to where only reducing is needed."""
    _await_stock(system, own)
    outcome_of(own, "/control/pause")
    drift: list[float] = []

    def drifted() -> bool:
        part = own.web.strategy(system.strategy)
        drift[:] = [part["net_delta"] or 0.0, part["stock_position"]]
        return drift[0] * drift[1] > 0 and _DRIFT_SHARES <= abs(drift[0]) <= abs(drift[1])

    def asked() -> str:
        """The id of the command once control took it: it refuses one that would need more than reducing."""
        if not drifted():
            return ""
        command = NewCommand(f"check-{uuid.uuid4().hex}", CommandKind.FLATTEN, system.strategy, "", "check",
                             "acceptance check", FlattenOptions(FlattenTarget.NEUTRAL).arguments())  # fmt: skip
        stub = control_pb2_grpc.ControlServiceStub(own.channel("control"))
        try:
            return str(stub.SendCommand(new_command_to_wire(command), timeout=RPC_TIMEOUT_S).command.command_id)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                return ""  # the market moved on meanwhile
            raise

    def ask() -> str:
        own.tell("waiting until net delta asks for a smaller position")
        command_id = own.until(
            asked, _DRIFT_S, lambda: f"net delta and stock stay at {drift}: nothing to reduce to neutral"
        )
        return awaited_outcome(own, command_id, _FLATTEN_S)

    return _flatten(system, own, "neutral", "SendCommand FLATTEN", ask)


def _await_stock(system: Throwaway, own: Context) -> None:
    symbol = own.settings.strategies[0].underlying.symbol
    own.until(lambda: _positions(own).get((system.strategy, symbol)), _OUTCOME_S, "the strategy has no stock to close")


def _flatten(system: Throwaway, own: Context, target: str, channel: str, ask: Any) -> Flattened:
    name, symbol = system.strategy, own.settings.strategies[0].underlying.symbol
    before = _positions(own)
    asked = wall_now()
    outcome = str(ask())
    ended = wall_now()
    newest = next(
        one for one in own.web.get("/v1/commands", strategy=name)["commands"] if one["kind"].endswith("FLATTEN")
    )
    recorded = find_command(own.store, newest["commandId"])
    wanted = recorded.flatten.target_quantity or ZERO
    seen = read_decisions(
        own.store, name, since_ns=recorded.created_ns - _SEEN_S * NS_PER_S, until_ns=recorded.created_ns
    )
    own.tell("flattened: watching that nothing follows")
    while wall_now() < ended + _QUIET_S * NS_PER_S:
        time.sleep(POLL_S)
    orders = {row["client_order_id"]: row for row in read_orders(own.store, name)}
    closing = {key for key, row in orders.items() if row["created_ns"] >= asked and row["reduce_only"]}
    noticed = asked + int((own.settings.status.heartbeat_interval_s + NOTICE_SLACK_S) * NS_PER_S)
    strange = [text for frame, text in _late(own, name, noticed, asked) if frame.fields["orderRef"] not in closing]
    after = _settled(own, name, symbol)
    filled = sum((orders[key]["cum_qty"] for key in closing), ZERO)
    operations: list[dict[str, Any]] = []
    fills: list[dict[str, Any]] = []

    def told() -> bool:
        operations[:] = own.web.operations(strategy=name, since_ts=asked)
        fills[:] = [one for one in operations if one["type"] == "FILL" and one["client_order_id"] in closing]
        return sum((Decimal(str(fill["quantity"])) for fill in fills), ZERO) == filled

    own.until(told, _OUTCOME_S, lambda: f"operations tell of {len(fills)} fills, the orders of {filled} shares")
    path = [after.get((name, symbol), ZERO)]
    for fill in fills:  # newest first: back to where the closing began
        path.append(path[-1] - Decimal(str(fill["quantity"])) * (1 if fill["side"] == "BUY" else -1))
    kinds: dict[str, int] = {}
    for one in operations:
        kinds[one["type"]] = kinds.get(one["type"], 0) + 1
    status = system.gateway("status")
    # control took its target from one of the newest evaluations: the market moves on between any two
    deltas = [row["net_delta"] - float(path[-1]) for row in seen] or [float("nan")]
    return Flattened(
        target, channel, outcome, before, after, wanted, min(deltas, key=lambda delta: abs(delta + float(wanted))),
        Decimal(status["positions"].get(symbol, "0")), tuple(strange), tuple(reversed(path)), kinds,
        len(frames(own.state, ended + int(NOTICE_SLACK_S * NS_PER_S))),
        tuple(own.web.strategy(name)["block_reasons"]),
    )  # fmt: skip


def _late(own: Context, name: str, noticed: int, asked: int) -> list[tuple[Any, str]]:
    """Frames since `asked` that no decision before `noticed` explains, with what `decided_after` says of each."""
    late = decided_after(own.state, name, noticed, asked)
    by_number = {str(frame.order_id): frame for frame in frames(own.state, asked)}
    return [(by_number[text.split()[1]], text) for text in late]


def _settled(own: Context, name: str, symbol: str) -> dict[tuple[str, str], Decimal]:
    """Positions once portfolio tells of the same stock as execution; raises Failed when it does not in time."""
    found: dict[tuple[str, str], Decimal] = {}
    held: list[Decimal] = []

    def there() -> bool:
        rows = read_rows(own.store, "execution", "positions",
                         where=lambda t: [t.c.strategy == name, t.c.instrument == symbol])  # fmt: skip
        held[:] = [row["quantity"] for row in rows] or [ZERO]
        found.clear()
        found.update(_positions(own))
        return found.get((name, symbol), ZERO) == held[0]

    own.until(there, _OUTCOME_S, lambda: f"GET /status shows {found.get((name, symbol), ZERO)} {symbol}, not {held[0]}")
    return dict(found)


def _positions(own: Context) -> dict[tuple[str, str], Decimal]:
    """What each owner holds, as GET /status tells it, by (owner, instrument); without what is zero."""
    held = {(one["owner"], one["instrument"]): Decimal(str(one["quantity"])) for one in own.web.status()["positions"]}
    return {key: quantity for key, quantity in held.items() if quantity}


def untouched(one: Flattened, strategy: str, symbol: str) -> dict[tuple[str, str], Decimal]:
    """Every position but the strategy's stock; raises Failed unless they are the same before and after."""
    own = (strategy, symbol)
    before = {key: quantity for key, quantity in one.before.items() if key != own}
    after = {key: quantity for key, quantity in one.after.items() if key != own}
    require(before == after, f"flatten to {one.target} moved others' positions: {before} became {after}")
    return before
