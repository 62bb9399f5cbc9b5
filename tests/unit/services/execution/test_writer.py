"""What a connection says of its writer, and what the guard concludes from it."""

from __future__ import annotations

import pytest

from hedgerow.domain.egress import take_mark
from hedgerow.guard.ledger import Ledger, Record, connect_body
from services.execution.writer import ROLE, mark_beside, mark_of


@pytest.mark.parametrize(("says", "proves"), [(mark_of, True), (mark_beside, False)])
def test_only_the_writers_own_first_session_begins_an_epoch(says: object, proves: bool) -> None:
    """A log begun anew in the middle of an epoch has missed frames, whoever else connects first."""
    assert callable(says)
    mark, _ = take_mark(says(7, 1))
    assert mark is not None
    ledger = Ledger()
    ledger.apply(Record(1, 0, connect_body(mark)))
    assert (ledger.highest, ledger.has_begun(ROLE, 7)) == ({ROLE: 7}, proves)
