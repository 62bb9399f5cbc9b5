"""The message budget."""

from __future__ import annotations

from hedgerow.ib.pacing import MessageBudget


def test_orders_leave_some_of_the_budget_to_cancels() -> None:
    budget = MessageBudget(limit=5, kept=2)
    assert [budget.take(0.0, cancel=False) for _ in range(4)] == [True, True, True, False]
    assert [budget.take(0.1, cancel=True) for _ in range(3)] == [True, True, False]


def test_a_second_later_the_budget_is_whole_again() -> None:
    budget = MessageBudget(limit=2, kept=0)
    assert budget.take(0.0, cancel=False)
    assert budget.take(0.5, cancel=False)
    assert not budget.take(0.99, cancel=False)
    assert budget.take(1.0, cancel=False)
    assert not budget.take(1.4, cancel=False)
    assert budget.take(1.5, cancel=False)
