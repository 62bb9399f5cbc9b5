"""Which side, how many shares, at what price."""

from __future__ import annotations

import math

from hedgerow.strategy.compiled import compiled


@compiled
def round_shares(x: float) -> float:
    """Nearest whole number, halves to the even one, as Python's round(); spelled out so that compiling keeps it."""
    below = float(math.floor(x))
    rest = x - below
    if rest < 0.5:
        return below
    if rest > 0.5:
        return below + 1.0
    even = float(math.floor(below * 0.5)) == below * 0.5
    return below if even else below + 1.0


@compiled
def sign_of(x: float) -> int:
    """+1, -1 or 0."""
    if x > 0.0:
        return 1
    return -1 if x < 0.0 else 0


@compiled
def hedge_target(net_delta: float) -> float:
    """Signed shares that bring the net delta to zero: -round(net delta); 0 when it is not known."""
    if not math.isfinite(net_delta):
        return 0.0
    return 0.0 - round_shares(net_delta)


@compiled
def reduce_only_target(target: float, stock: float) -> float:
    """The part of `target` that reduces `stock` without crossing zero, in whole shares."""
    if sign_of(target) * sign_of(stock) >= 0:
        return 0.0
    held = float(math.floor(abs(stock)))
    return float(sign_of(target)) * (held if abs(target) > held else abs(target))


@compiled
def next_slice(target: float, most: float) -> float:
    """At most `most` shares of `target`, same sign."""
    if abs(target) <= most:
        return target
    return float(sign_of(target)) * most


@compiled
def rest_of_parent(parent_target: float, parent_filled: float, target: float) -> float:
    """What is left of a parent, re-aimed: never more than the parent's rest nor than the present target."""
    rest = parent_target - parent_filled
    if sign_of(rest) != sign_of(target) or sign_of(rest) != sign_of(parent_target):
        return 0.0
    smaller = abs(rest) if abs(rest) < abs(target) else abs(target)
    return float(sign_of(target)) * float(math.floor(smaller))


@compiled
def touch_price(side: int, bid: float, ask: float) -> float:
    """A marketable limit: the ask to buy, the bid to sell."""
    return ask if side > 0 else bid
