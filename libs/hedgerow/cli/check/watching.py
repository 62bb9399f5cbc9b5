"""TC-2-R-M1b, M2, M3: what an operator elsewhere sees, and that the lamp alone tells enough."""

from __future__ import annotations

import time
from typing import Any

from hedgerow.cli.check.context import NS_PER_S, POLL_S, STARTING_S, Context
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.cli.check.walk import BROKEN, DEGRADED, NORMAL, Seen, Told, told_of, walk
from hedgerow.clock import wall_now

CHECK_OF = {NORMAL: "ok", DEGRADED: "degraded", BROKEN: "blocked"}
"""The self-check each lamp stands for."""

MACHINES = ("daemon_state", "trading_fsm_state", "hedge_fsm_state")
METRICS = (
    "trading_state", "symbol", "spot", "bid", "ask", "net_delta", "stock_position", "option_legs", "daily_hedge_count",
    "daily_pnl", "data_lag_ms", "last_ack_ts",
)  # fmt: skip
CONFIGURATION = ("config", "config_hash", "code_version", "limits")
_BEATS = 5
_AGREE_S = 15.0


def status_shows_everything(ctx: Context) -> Result:
    """TC-2-R-M1b-1."""
    told = []
    for name in ctx.strategies:
        ctx.awaited(name)
        part = ctx.web.strategy(name)
        missing = [key for key in (*MACHINES, *METRICS, *CONFIGURATION) if key not in part]
        require(not missing, f"GET /status: {name} lacks {', '.join(missing)}")
        blank = [key for key in (*MACHINES, *CONFIGURATION) if not part[key]]
        require(not blank, f"GET /status: {name} has nothing under {', '.join(blank)}")
        require(part["config"]["name"] == name, f"GET /status: the configuration is not {name}'s")
        sink = ctx.current(name)
        require(part["config_hash"] == sink["config_hash"], f"{name}: GET /status and sink tell of two configurations")
        positions = "no positions without a broker"
        if not ctx.skip_ib:
            positions = ctx.until(lambda name=name: _positions(ctx, name), STARTING_S, f"{name}: positions differ")  # type: ignore[misc]
        told.append(f"{name} {part['daemon_state']} / {part['trading_fsm_state']} / {part['hedge_fsm_state']}, "
                    f"{len(METRICS)} metrics, config {part['config_hash'][:12]}, {positions}")  # fmt: skip
    return holds("; ".join(told))


def _positions(ctx: Context, name: str) -> str:
    """The positions GET /status shows of a strategy, in words, once they are those in its own snapshot."""
    status = ctx.web.status()
    held = {p["instrument"]: p["quantity"] for p in status["positions"] if p["owner"] == name and p["quantity"]}
    part = next(one for one in status["strategies"] if one["strategy"] == name)
    own = {**part["legs"], part["symbol"]: part["stock_position"]}
    same = held == {key: quantity for key, quantity in own.items() if quantity}
    words = ", ".join(f"{quantity:+g} {key}" for key, quantity in held.items())
    return f"positions {words}" if same and part["legs"] else ""


def heartbeat_shows(ctx: Context) -> Result:
    """TC-2-R-M1b-2."""
    interval_s = ctx.settings.status.heartbeat_interval_s
    told = []
    for name in ctx.strategies:
        ctx.awaited(name)
        ctx.tell(f"watching {_BEATS} heartbeats of {name} over HTTP")
        beats: dict[int, float] = {}
        end = time.monotonic() + _BEATS * interval_s + 1.0
        while time.monotonic() < end:
            beat = ctx.web.strategy(name)["heartbeat_ts"]
            beats.setdefault(beat, (wall_now() - beat) / NS_PER_S)
            time.sleep(POLL_S)
        require(len(beats) >= _BEATS, f"{name}: {len(beats)} heartbeats in {_BEATS} intervals of {interval_s:g} s")
        oldest = max(beats.values())
        require(oldest <= 2 * interval_s + 1.0, f"{name}: a heartbeat was shown {oldest:.1f} s old")
        told.append(f"{name}: {len(beats)} heartbeats in {_BEATS * interval_s:g} s, shown {min(beats.values()):.2f} to "
                    f"{oldest:.2f} s after they were written")  # fmt: skip
    return holds(f"by HTTP alone: {'; '.join(told)}")


def self_check_has_three_results(ctx: Context) -> Result:
    """TC-2-R-M2-1."""
    here = [_agreed(ctx, name).self_check for name in ctx.strategies]
    require(set(here) <= set(CHECK_OF.values()), f"self_check is {', '.join(here)}")
    states = walk(ctx).states
    seen = {one.status.self_check for one in states}
    require(seen == set(CHECK_OF.values()), f"seen only {', '.join(sorted(seen))}")
    return holds("; ".join(f"{one.status.self_check}: {one.cause}" for one in states))


def reasons_whenever_blocked(ctx: Context) -> Result:
    """TC-2-R-M2-2."""
    states = walk(ctx).states
    for one in states:
        if one.status.lamp == NORMAL:
            require(not one.status.reasons, f"{one.cause}: ok and yet {', '.join(one.status.reasons)}")
        else:
            require(one.status.reasons, f"{one.cause}: {one.status.self_check} without a reason")
            require(one.orders == 0, f"{one.cause}: {one.orders} orders at the byte tap in spite of it")
    orders = sum(one.orders for one in states if one.status.lamp == NORMAL)
    require(orders, "no order crossed the wire while nothing blocked: the absence of others says nothing")
    named = [f"{', '.join(one.status.reasons)} ({one.cause})" for one in states if one.status.reasons]
    return holds(f"{'; '.join(named)}; no order left while they stood, {orders} while none did")


def told_in_both_places(ctx: Context) -> Result:
    """TC-2-R-M2-3."""
    here = "; ".join(f"{name} {_agreed(ctx, name).self_check}" for name in ctx.strategies)
    compared = 0
    for one in walk(ctx).states:
        if one.sink is not None:
            require(one.sink == one.status, f"{one.cause}: GET /status says {one.status}, the sink {one.sink}")
            compared += 1
    return holds(f"GET /status and the sink said the same in {compared} states, and of this system: {here}")


def _agreed(ctx: Context, name: str) -> Told:
    """What GET /status and the sink both say of a strategy now."""
    ctx.awaited(name)
    told: list[Told] = []

    def same() -> bool:
        told[:] = [told_of(ctx.web.strategy(name)), told_of(ctx.current(name))]
        return told[0] == told[1]

    ctx.until(same, _AGREE_S, lambda: f"{name}: GET /status says {told[0]}, the sink {told[1]}")
    return told[0]


def lamp_is_the_self_check(ctx: Context) -> Result:
    """TC-2-R-M3-1."""
    status = ctx.web.status()
    told = [("this system", told_of(status)), *((one["strategy"], told_of(one)) for one in status["strategies"])]
    for one in walk(ctx).states:
        places = [one.status, one.whole, *([] if one.sink is None else [one.sink])]
        told += [(one.cause, place) for place in places]
    for where, place in told:
        require(CHECK_OF.get(place.lamp) == place.self_check, f"{where}: {place.lamp} with {place.self_check}")
    return holds(f"{len(told)} times: " + ", ".join(f"{lamp} = {check}" for lamp, check in CHECK_OF.items()))


def lamp_tells_degraded(ctx: Context) -> Result:
    """TC-2-R-M3-2."""
    return _tells(ctx, NORMAL, DEGRADED)


def lamp_tells_broken(ctx: Context) -> Result:
    """TC-2-R-M3-3."""
    return _tells(ctx, DEGRADED, BROKEN)


def _tells(ctx: Context, better: str, worse: str) -> Result:
    """Whether the lamp alone, of the whole system, was right in every state of these two."""
    causes: dict[str, list[str]] = {better: [], worse: []}
    for one in walk(ctx).states:
        expected = _expected(one)
        require(one.whole.lamp == expected, f"{one.cause}: lamp {one.whole.lamp}, not {expected}")
        if expected in causes:
            causes[expected].append(one.cause)
    require(all(causes.values()), f"not both seen: {causes}")
    return holds("; ".join(f"{lamp}: {', '.join(which)}" for lamp, which in causes.items()))


_DESIGNED = frozenset({"PAUSED", "WAITING_IB", "STOPPED_BY_OPERATOR"})


def _expected(one: Seen) -> str:
    """The lamp for what was done to the system, not for what it says of itself."""
    codes: set[Any] = {reason.split(" ", 1)[0] for reason in one.whole.reasons}
    if not codes:
        return NORMAL
    return DEGRADED if codes <= _DESIGNED else BROKEN
