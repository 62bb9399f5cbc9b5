"""Whatever order, repetition or interruption the broker's reports come in, orders and positions end the same."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import AlreadyExists
from hedgerow.domain.execution_report import Fill
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce, Verdict
from services.execution.domain import commands as c
from services.execution.domain.ledger import Entry, Ledger
from services.execution.domain.payload import from_payload, to_payload

ORDERS = 3


def intent(number: int, side: Side, quantity: int) -> Intent:
    return Intent(
        intent_id=f"i-{number}", strategy="s", account="SIM1", instrument=stock("GOOG"), side=side,
        quantity=Decimal(quantity), order_type=OrderType.MARKET, limit_price=None, time_in_force=TimeInForce.DAY,
        reduce_only=False, decision_sequence=number, reason="HEDGE_NEEDED", bid=99.0, ask=101.0, quote_time=1,
        quote_age_ms=0.0, created_at=1,
    )  # fmt: skip


def allow(wanted: Intent) -> Verdict:
    return Verdict(wanted.intent_id, True, "", (), 1, "hash", 1, 10**18)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Intent], list[c.Command]]:
    """Some intents, and everything the broker will ever say of them, corrections and commissions included."""
    intents, reports = [], []
    for number in range(ORDERS):
        quantity = draw(st.integers(1, 50))
        wanted = intent(number, draw(st.sampled_from(Side)), quantity)
        intents.append(wanted)
        admitted = Ledger().handle(c.Admit(wanted, allow(wanted), 1, 1, 1, 1))
        name = admitted[0].report.client_order_id
        reports.append(c.Acknowledge(name, 1000 + number, 2, 2))
        left = quantity
        while left and draw(st.booleans()):
            part = draw(st.integers(1, left))
            left -= part
            base = f"e{number}.{left}"
            price = Decimal(draw(st.integers(9000, 11000))) / 100
            time = draw(st.integers(1, 20))
            for revision in range(1, draw(st.integers(1, 2)) + 1):
                fill = Fill(f"{base}.{revision:02}", Decimal(part), price + revision, None, None, time)
                reports.append(c.RecordFill(name, fill, 1000 + number, time, time))
                cost = Decimal(draw(st.integers(1, 300))) / 100
                reports.append(c.RecordCommission(fill.execution_id, cost, None, time, time))
        if left and draw(st.booleans()):
            reports.append(c.RecordCancel(name, "", "", 30, 30))
    return intents, reports


def play(intents: list[Intent], reports: list[c.Command]) -> tuple[Ledger, list[Entry]]:
    ledger = Ledger()
    entries = []
    for number, wanted in enumerate(intents):
        entries += ledger.handle(c.Admit(wanted, allow(wanted), number + 1, 1, 1, 1))
    for report in reports:
        entries += ledger.handle(report)
    return ledger, entries


@settings(max_examples=300, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_reordered_and_repeated_reports_end_in_the_same_state(
    history: tuple[list[Intent], list[c.Command]], chance: random.Random
) -> None:
    intents, reports = history
    straight, _ = play(intents, reports)
    shuffled = [*reports, *chance.choices(reports, k=len(reports))] if reports else []
    chance.shuffle(shuffled)
    mixed, entries = play(intents, shuffled)
    assert mixed.book.view() == straight.book.view()
    assert [entry.report.sequence for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        assert entry.report.leaves_qty >= 0
        assert entry.report.cum_qty <= entry.report.quantity


@settings(max_examples=300, deadline=None)
@given(histories(), st.randoms(use_true_random=False), st.integers(0, 40))
def test_the_journal_rebuilds_the_live_state_and_a_replay_of_all_reports_adds_what_was_lost(
    history: tuple[list[Intent], list[c.Command]], chance: random.Random, crash_after: int
) -> None:
    intents, reports = history
    chance.shuffle(reports)
    whole, entries = play(intents, reports)
    kept = entries[: max(crash_after, ORDERS)]
    rebuilt = Ledger()
    for entry in kept:
        row = json.loads(json.dumps(to_payload(entry.event)))
        assert rebuilt.replay(from_payload(entry.event.kind, row)) == entry
    for report in reports:
        rebuilt.handle(report)
    assert rebuilt.book.view() == whole.book.view()


@settings(max_examples=300, deadline=None)
@given(histories())
def test_position_is_the_sum_of_the_latest_revisions(history: tuple[list[Intent], list[c.Command]]) -> None:
    ledger, _ = play(*history)
    signed = sum((order.cum_qty * order.intent.side.sign for order in ledger.book.orders.values()), Decimal(0))
    assert sum((each.position.quantity for each in ledger.book.positions.values()), Decimal(0)) == signed
    costs = sum((fill.commission or 0 for order in ledger.book.orders.values() for fill in order.fills), Decimal(0))
    assert sum((each.commissions for each in ledger.book.positions.values()), Decimal(0)) == costs


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(0, 30))
def test_unknown_holds_until_the_broker_shows_evidence(history: tuple[list[Intent], list[c.Command]], at: int) -> None:
    intents, reports = history
    ledger, _ = play(intents, reports[:at])
    for name in list(ledger.book.open):
        ledger.handle(c.MarkUnknown(name, "ACK_TIMEOUT", "", 5, 5))
        order = ledger.book.orders[name]
        assert order.status is OrderStatus.UNKNOWN
        assert order.leaves_qty == order.intent.quantity - order.cum_qty
    for report in reports:
        ledger.handle(report)
    settled, _ = play(intents, reports)
    heard = {report.client_order_id for report in reports[at:] if not isinstance(report, c.RecordCommission)}
    for name in heard:
        if reports and at < len(reports):
            assert ledger.book.orders[name].cum_qty == settled.book.orders[name].cum_qty


def test_a_changed_payload_is_another_intent() -> None:
    ledger = Ledger()
    first = intent(1, Side.BUY, 10)
    ledger.handle(c.Admit(first, allow(first), 1, 1, 1, 1))
    assert ledger.handle(c.Admit(first, allow(first), 2, 1, 1, 1)) == []
    other = replace(first, quantity=Decimal(11))
    with pytest.raises(AlreadyExists):
        ledger.handle(c.Admit(other, allow(other), 2, 1, 1, 1))
