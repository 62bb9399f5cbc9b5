"""Delayed data: shown, and never traded on."""

from __future__ import annotations

import pytest

from hedgerow.rules.delayed_data import DelayedData
from tests.unit.rules.orders import facts, order


@pytest.mark.parametrize(("delayed", "reason"), [(False, ""), (True, "DELAYED_DATA"), (None, "DELAYED_DATA")])
def test_delayed(delayed: bool | None, reason: str) -> None:
    verdict = DelayedData().evaluate(order(quote_delayed=delayed), facts())
    assert (verdict.allowed, verdict.reason) == (reason == "", reason)
