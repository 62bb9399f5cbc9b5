"""Whatever the broker does to a flatten: the position only ever shrinks, and it ends done or blocked with a reason."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.instrument import stock
from hedgerow.torture.families.flatten_machine import FlattenWorld
from hedgerow.torture.registry import CaseFailed
from services.execution.domain import flatten as f
from services.execution.domain.flatten import FlattenEvent, FlattenKind, Flattens, need
from services.execution.domain.positions import PositionKey

KEY = PositionKey("SIM0000001", "goog", "GOOG")
GOOG = stock("GOOG")
ZERO = Decimal(0)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_a_flatten_only_reduces_and_ends(seed: int) -> None:
    FlattenWorld.rolled(random.Random(seed)).play()


def test_a_machine_that_closes_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f, "need", lambda position, target: -2 * position)
    with pytest.raises(CaseFailed):
        FlattenWorld.rolled(random.Random(3)).play()


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_what_is_needed_never_takes_the_position_past_zero_or_target(position: int, target: int) -> None:
    held, aim = Decimal(position), Decimal(target)
    after = held + need(held, aim)
    assert abs(after) <= abs(held)
    assert after * held >= 0
    if aim * held >= 0 and abs(aim) <= abs(held):
        assert after == aim


def test_an_order_nobody_can_prove_and_a_break_block_by_name() -> None:
    flattens = Flattens()
    flatten = flattens.apply(FlattenEvent(FlattenKind.BEGUN, "f-1", 1, 1, strategy="goog"))
    unknown = f.OpenOrder("hr-1", own=False, unknown=True, cancel_due=False)
    line = f.Line(KEY, GOOG, Decimal(40), ZERO)
    assert f.decide(flatten, f.Surroundings((line,), (unknown,), compared=True)) == f.Block(
        "UNKNOWN_ORDER hr-1: nobody can prove what became of it"
    )
    broken = line._replace(broken="the broker holds 10")
    assert f.decide(flatten, f.Surroundings((broken,), (), compared=True)) == f.Block(
        "POSITION_BREAK the broker holds 10"
    )
    halted = f.Surroundings((line,), (), compared=True, denials=3, denied="TRADING_HALTED x", resting=True)
    assert f.decide(flatten, halted) == f.Block("TRADING_HALTED x")


def test_a_second_flatten_waits_for_the_first_and_the_latch_is_the_newest_done() -> None:
    flattens = Flattens()
    for name in ("a", "b"):
        flattens.apply(FlattenEvent(FlattenKind.BEGUN, name, 1, 1, strategy="goog"))
    current = flattens.current("goog")
    assert current is not None
    assert current.request_id == "a"
    flattens.apply(FlattenEvent(FlattenKind.DONE, "a", 2, 2))
    current = flattens.current("goog")
    assert current is not None
    assert current.request_id == "b"
    flattens.apply(FlattenEvent(FlattenKind.DONE, "b", 3, 3))
    assert flattens.current("goog") is None
    latch = flattens.latch("goog")
    assert latch is not None
    assert not latch.under_way
    for name in ("a", "b"):
        flattens.apply(FlattenEvent(FlattenKind.LIFTED, name, 4, 4))
    assert flattens.latch("goog") is None
    assert list(flattens.latched()) == []
