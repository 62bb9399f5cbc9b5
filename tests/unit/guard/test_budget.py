"""The shared message budget: so many a second, part of it for cancels alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.guard.budget import RateBudget


def test_orders_leave_the_reserve_alone_and_cancels_use_it() -> None:
    budget = RateBudget(5, 2)
    assert [budget.take(0.0, cancel=False) for _ in range(4)] == [True, True, True, False]
    assert [budget.take(0.5, cancel=True) for _ in range(3)] == [True, True, False]
    assert not budget.take(0.999, cancel=True)
    assert [budget.take(1.0, cancel=False) for _ in range(2)] == [True, False]


def test_requests_count_though_nobody_asks_for_them() -> None:
    budget = RateBudget(5, 2)
    for _ in range(5):
        budget.note(0.0)
    assert not budget.take(0.5, cancel=True)
    assert budget.left(1.0, cancel=False) == 3


@given(st.lists(st.tuples(st.floats(0, 0.3), st.booleans()), max_size=200), st.integers(1, 20), st.integers(0, 19))
def test_no_second_ever_holds_more_than_the_limit(steps: list[tuple[float, bool]], limit: int, kept: int) -> None:
    kept = min(kept, limit - 1)
    budget, now, sent = RateBudget(limit, kept), 0.0, []
    for pause, is_cancel in steps:
        now += pause
        if budget.take(now, is_cancel):
            sent.append((now, is_cancel))
    for when, _ in sent:
        within = [cancel for at, cancel in sent if 0 <= at - when < 1.0]
        assert len(within) <= limit
        assert within.count(False) <= limit - kept or limit - kept < 1
