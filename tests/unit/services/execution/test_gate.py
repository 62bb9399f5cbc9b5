"""Each reason why an intent may not leave, alone and in order."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.order import Side
from services.execution.domain import commands as c
from services.execution.domain.book import Book
from services.execution.domain.flatten import FlattenEvent, FlattenKind, Flattens
from services.execution.domain.gate import latched, least_age_ms, reducible, refusal
from services.execution.domain.ledger import Ledger
from tests.unit.services.execution.samples import admit, fill, intent, ready


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account_refusal": "account DU1 ..."}, "ACCOUNT_MODE_MISMATCH"),
        ({"closing": True}, "DRAINING"),
        ({"lease_ok": False}, "LEASE_LOST"),
        ({"journal_ok": False}, "JOURNAL_UNAVAILABLE"),
        ({"link_ready": False}, "BROKER_DOWN"),
        ({"reconciled": False}, "NOT_RECONCILED"),
        ({"quote_age_ms": 5000.1}, "DATA_STALE"),
        ({"quote_age_ms": float("nan")}, "DATA_STALE"),
    ],
)
def test_surroundings(changes: dict[str, Any], reason: str) -> None:
    assert refusal(Book(), intent(), ready()) is None
    why = refusal(Book(), intent(), ready(**changes))
    assert why is not None
    assert why.reason == reason
    assert why.text


@pytest.mark.parametrize(
    ("since_s", "speed", "age_ms"),
    [
        (0.5, 1.0, 0.0),  # on its way
        (6.0, 1.0, 5000.0),  # whatever its sender says of it
        (500.0, 600.0, 0.0),  # a second of wall time is ten minutes there
        (1200.0, 600.0, 600_000.0),
        (6.0, 0.0, 5000.0),  # a paused replay ages nothing away
        (-60.5, 1.0, 0.0),  # the clock of a replay runs up to an interval behind its newest event
        (-62.0, 1.0, math.inf),
    ],
)
def test_a_quotes_age_is_not_its_senders_word_alone(since_s: float, speed: float, age_ms: float) -> None:
    now = 1_705_416_000_000_000_000
    assert least_age_ms(now - int(since_s * 1e9), now, speed, 60_000_000_000) == pytest.approx(age_ms)


def test_a_quote_exactly_at_its_limit_is_fresh() -> None:
    assert refusal(Book(), intent(), ready(quote_age_ms=5000.0)) is None


def test_one_side_of_a_quote_is_enough_here() -> None:
    assert refusal(Book(), intent(bid=None), ready()) is None


def test_an_unknown_order_blocks_its_strategy_and_symbol_only() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.MarkUnknown(name, "NOT_FOUND_AT_BROKER", "", 2, 2))
    blocked = refusal(ledger.book, intent(2), ready())
    assert blocked is not None
    assert blocked.reason == "UNKNOWN_ORDER"
    assert refusal(ledger.book, intent(2, strategy="other"), ready()) is None
    ledger.handle(c.Acknowledge(name, 7, 3, 3))
    assert refusal(ledger.book, intent(2), ready()) is None


def test_reduce_only_never_crosses_zero() -> None:
    ledger = Ledger()
    fill(ledger, admit(ledger, intent(1)), 10)
    sell = intent(2, 10, Side.SELL, reduce_only=True)
    assert refusal(ledger.book, sell, ready()) is None
    for wrong in (intent(3, 11, Side.SELL, reduce_only=True), intent(3, 1, Side.BUY, reduce_only=True)):
        why = refusal(ledger.book, wrong, ready())
        assert why is not None
        assert why.reason == "REDUCE_ONLY"
    admit(ledger, intent(4, 6, Side.SELL), 2)
    assert reducible(ledger.book, sell) == Decimal(4)
    assert reducible(ledger.book, intent(5, 1, Side.SELL, strategy="other")) == 0


def test_a_flatten_keeps_new_hedges_back_until_it_is_lifted_and_reducing_ones_while_it_closes() -> None:
    flattens = Flattens()
    adds, reduces = intent(1), intent(2, reduce_only=True)
    assert latched(flattens, adds) is None
    for kind, kept_back in (
        (FlattenKind.BEGUN, (True, True)), (FlattenKind.CLOSING, (True, True)), (FlattenKind.BLOCKED, (True, False)),
        (FlattenKind.DONE, (True, False)), (FlattenKind.LIFTED, (False, False)),
    ):  # fmt: skip
        flattens.apply(FlattenEvent(kind, "f-1", 1, 1, strategy="s"))
        found = [latched(flattens, each) for each in (adds, reduces)]
        assert tuple(why is not None for why in found) == kept_back, kind
        assert all(why.reason == "FLATTENED" for why in found if why is not None)
        assert latched(flattens, intent(3, strategy="another")) is None
