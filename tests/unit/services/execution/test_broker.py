"""The broker's side of execution, as far as it decides anything by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from hedgerow.ib.orders import OrderLink
from services.execution.broker import IbBroker


@pytest.mark.parametrize(("granted", "used", "taken"), [(12, 7, 12), (3, 7, 8), (7, 7, 8), (8, 7, 8), (1, 0, 1)])
def test_an_order_id_is_above_all_that_was_ever_used_and_what_is_granted_now(
    granted: int, used: int, taken: int
) -> None:
    broker = IbBroker.__new__(IbBroker)  # no connection: the number is all it is asked for
    broker._orders = cast(OrderLink, SimpleNamespace(next_order_id=granted))
    assert broker.next_order_id(used) == taken
