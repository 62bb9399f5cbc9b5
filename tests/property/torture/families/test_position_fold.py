"""The fold cases themselves: they pass on what is there, and find a ledger that folds wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.torture.families.position_fold import fold
from services.execution.domain import positions
from services.portfolio.domain import ledger


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_positions_are_their_latest_revisions(seed: int) -> None:
    assert fold(seed) == ""


def test_an_execution_folded_once_per_revision_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "split_revision", lambda execution_id: (execution_id, 0))
    assert any("execution" in fold(seed) for seed in range(50))


def test_a_ledger_that_forgets_revisions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "split_revision", lambda execution_id: (execution_id, 0))
    assert any("portfolio" in fold(seed) for seed in range(50))
