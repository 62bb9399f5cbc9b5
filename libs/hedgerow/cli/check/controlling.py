"""TC-5-R-C2 and C3: pause, resume and flatten by the control channel."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hedgerow.cli.check.context import Context
from hedgerow.cli.check.probes import STRATEGY as OTHER
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.cli.check.steering import MANUAL_SHARES, OTHER_SHARES, SOON_S, Flattened, steering, untouched
from hedgerow.domain.position import MANUAL

_BEATS = 5


def pause_and_resume(ctx: Context) -> Result:
    """TC-5-R-C2-1."""
    pause = steering(ctx).pause
    for what, outcome in zip(("pause", "resume"), pause.outcomes, strict=True):
        require(outcome.startswith("done"), f"{what}: {outcome!r}")
    require("PAUSED" in pause.reasons, f"paused, and the reasons are {', '.join(pause.reasons)}")
    require(not pause.reasons_after, f"resumed, and yet {', '.join(pause.reasons_after)}")
    return holds(f"POST /control/pause: {pause.outcomes[0]}; hedgerow resume: {pause.outcomes[1]}")


def no_hedge_while_paused(ctx: Context) -> Result:
    """TC-5-R-C2-2."""
    pause = steering(ctx).pause
    require(not pause.new_orders, f"orders at the byte tap while paused: {', '.join(pause.new_orders)}")
    require(pause.resting == 0, f"{pause.resting} orders rest at the broker while paused")
    return holds(f"no order in {pause.seconds:.1f} s, none resting, of a daemon that hedges on nearly every quote")


def as_if_never_paused(ctx: Context) -> Result:
    """TC-5-R-C2-3."""
    pause = steering(ctx).pause
    require(pause.runs[0] == pause.runs[1], f"run {pause.runs[0]} became {pause.runs[1]}")
    require(pause.configurations[0] == pause.configurations[1], "the configuration changed")
    require(pause.orders_after, "no order after the resume")
    return holds(f"the same run {pause.runs[0]}, {pause.orders_after} orders at the byte tap, no reason left")


def alive_while_paused(ctx: Context) -> Result:
    """TC-5-R-C2-4."""
    pause = steering(ctx).pause
    require(pause.beats >= _BEATS, f"only {pause.beats} heartbeats in {pause.seconds:.1f} s of pause")
    require(pause.oldest_s <= SOON_S, f"GET /status was {pause.oldest_s:.1f} s behind")
    require(pause.evaluations > 0, "nothing was evaluated while paused")
    require(pause.lamps == ("yellow",), f"the lamp was {', '.join(pause.lamps)}")
    require(pause.checks == ("degraded",), f"the self-check was {', '.join(pause.checks)}")
    return holds(f"{pause.beats} heartbeats and {pause.evaluations} evaluations in {pause.seconds:.1f} s, "
                 f"GET /status at most {pause.oldest_s:.2f} s behind, yellow / degraded throughout")  # fmt: skip


def flatten_channels(ctx: Context) -> Result:
    """TC-5-R-C3-1."""
    found = steering(ctx)
    for one in found.flattens:
        require(one.outcome.startswith("done"), f"{one.channel} --to {one.target}: {one.outcome!r}")
    return holds("; ".join(f"{one.channel}, {one.target}: {one.outcome}" for one in found.flattens))


def stops_then_closes(ctx: Context) -> Result:
    """TC-5-R-C3-2."""
    for one in steering(ctx).flattens:
        require(not one.strange_orders, f"hedges after a flatten to {one.target}: {', '.join(one.strange_orders)}")
        require(len(one.path) > 1, f"flatten to {one.target} closed nothing")
        for before, after in pairwise(one.path):
            require(abs(after) < abs(before), f"flatten to {one.target}: {before} became {after} shares")
            require(before * after >= 0, f"flatten to {one.target} crossed zero: {before} became {after}")
        require(one.orders_afterwards == 0, f"{one.orders_afterwards} orders after the flatten to {one.target}")
        require("FLATTENED" in one.reasons, f"afterwards the reasons are {', '.join(one.reasons)}")
    paths = ["; ".join(f"{shares:f}" for shares in one.path) for one in steering(ctx).flattens]
    return holds(
        f"no hedge after it, only closing orders: {', and '.join(paths)} shares; FLATTENED stands until resumed"
    )


def targets_and_operations(ctx: Context) -> Result:
    """TC-5-R-C3-3."""
    found = steering(ctx)
    zero, neutral = found.flattens
    for one in found.flattens:
        reached = one.after.get((found.strategy, found.symbol), Decimal(0))
        require(
            reached == one.wanted, f"flatten to {one.target} ended at {reached} shares, its target was {one.wanted}"
        )
        lacking = [kind for kind in ("COMMAND", "ORDER_SENT", "FILL") if not one.operations.get(kind)]
        require(not lacking, f"flatten to {one.target} left no operation {', '.join(lacking)}")
    require(zero.wanted == 0, f"flatten to zero aimed at {zero.wanted}")
    offset = float(neutral.wanted) + neutral.option_delta
    require(abs(offset) <= 1, f"flatten to neutral aimed at {neutral.wanted}: {offset:.1f} shares of delta are left")
    return holds(f"zero: 0 shares; neutral: {neutral.wanted} shares against an option delta of "
                 f"{neutral.option_delta:+.1f}; operations {_words(zero)} and {_words(neutral)}")  # fmt: skip


def _words(one: Flattened) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(one.operations.items()))


def exposure_is_closed(ctx: Context) -> Result:
    """TC-5-R-C3-4."""
    found = steering(ctx)
    zero = found.flattens[0]
    mine = zero.after.get((found.strategy, found.symbol), Decimal(0))
    require(mine == 0, f"GET /status still shows {mine} {found.symbol} of {found.strategy}")
    others = sum((q for (owner, key), q in zero.after.items() if key == found.symbol), Decimal(0))
    require(zero.broker_shares == others, f"the broker holds {zero.broker_shares} {found.symbol}, the ledger {others}")
    return holds(f"{zero.path[0]} {found.symbol} became 0; the broker holds "
                 f"{zero.broker_shares}, all of it others'")  # fmt: skip


def others_untouched(ctx: Context) -> Result:
    """TC-5-R-C3-5."""
    found = steering(ctx)
    for one in found.flattens:
        kept = untouched(one, found.strategy, found.symbol)
        require(kept.get((MANUAL, found.symbol)) == MANUAL_SHARES, f"manual: {kept.get((MANUAL, found.symbol))}")
        require(kept.get((OTHER, found.symbol)) == OTHER_SHARES, f"{OTHER}: {kept.get((OTHER, found.symbol))}")
        require(any(owner == found.strategy for owner, _ in kept), "the option legs are gone")
    return holds(f"{MANUAL_SHARES} {found.symbol} of nobody's, {OTHER_SHARES} of another strategy and the option legs "
                 f"were the same before and after {len(found.flattens)} flattens")  # fmt: skip
