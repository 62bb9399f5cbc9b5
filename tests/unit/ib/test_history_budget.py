"""The broker's pacing of historical requests: sixty in ten minutes, the same not twice in fifteen seconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.ib.pacing import HISTORIES, HISTORY_WINDOW_S, SAME_HISTORY_S, HistoryBudget


@given(st.lists(st.floats(0.0, 60.0), max_size=200))
def test_no_ten_minutes_hold_more_than_the_budget(waits: list[float]) -> None:
    budget: HistoryBudget[int] = HistoryBudget(5)
    now, sent = 0.0, []
    for wait in waits:
        now += wait
        left = budget.take(now)
        if left == 0.0:
            sent.append(now)
        else:
            assert 0.0 < left <= HISTORY_WINDOW_S
            now += left + 1e-6  # the moment it names is the moment there is one
            assert budget.take(now) == 0.0
            sent.append(now)
    assert all(later - first >= HISTORY_WINDOW_S for first, later in zip(sent, sent[5:], strict=False))


def test_the_budget_stays_below_the_brokers() -> None:
    assert HISTORIES < 60
    budget: HistoryBudget[int] = HistoryBudget()
    assert sum(budget.take(float(n)) == 0.0 for n in range(100)) == HISTORIES


def test_the_same_request_gets_the_same_answer_for_a_while() -> None:
    budget: HistoryBudget[list[int]] = HistoryBudget()
    assert budget.answer("a", 0.0) is None
    budget.keep("a", 0.0, [])
    assert budget.answer("a", SAME_HISTORY_S - 0.1) == []
    assert budget.answer("b", 1.0) is None
    assert budget.answer("a", SAME_HISTORY_S) is None
