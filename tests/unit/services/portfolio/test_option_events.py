"""Options that left are explained by the shares that came, or stay a break."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import BROKER, MANUAL
from hedgerow.tape.sessions import expiry_close_ns
from services.portfolio.domain.adoption import decide_adoption
from services.portfolio.domain.comparison import Comparison, Place
from services.portfolio.domain.ledger import Ledger, TransferKind
from services.portfolio.domain.option_events import Gone, explain, gone, split
from tests.unit.services.portfolio.samples import (
    ACCOUNT,
    CALL,
    SETTLE_NS,
    STRATEGY,
    adopt,
    compare,
    fill_report,
    holding,
    opened,
    quantity,
)

PUT = "GOOG 20160122 750 P"
EXPIRY_S = expiry_close_ns(parse_instrument_id(CALL).expiry) // 1_000_000_000  # type: ignore[arg-type]
BEFORE, AFTER = EXPIRY_S - 3600, EXPIRY_S + 60


def line(name: str, closed: int, expired: bool = True) -> Gone:
    return Gone(parse_instrument_id(name), Decimal(closed), expired)


def chosen(lines: list[Gone], shares: int, spot: int | None = None) -> list[bool] | None:
    found = explain(lines, Decimal(shares), None if spot is None else Decimal(spot))
    return None if found is None else [each.exercised for each in found]


@pytest.mark.parametrize(
    ("lines", "shares", "spot", "exercised"),
    [
        ([line(CALL, 20)], 2000, None, [True]),
        ([line(CALL, 20)], 0, None, [False]),
        ([line(CALL, -20)], -2000, None, [True]),
        ([line(PUT, 20)], -2000, None, [True]),
        ([line(PUT, -20)], 2000, None, [True]),
        ([line(CALL, 20), line(PUT, 20)], 2000, None, [True, False]),
        ([line(CALL, 20), line(PUT, 20)], -2000, None, [False, True]),
        # the shares alone do not tell: both or neither; the price does, unless it stands at the strike
        ([line(CALL, 20), line(PUT, 20)], 0, None, None),
        ([line(CALL, 20), line(PUT, 20)], 0, 750, [False, False]),
        ([line(CALL, 20), line(PUT, 20)], 0, 760, None),
        ([line("GOOG 20160122 700 C", 5), line("GOOG 20160122 800 P", 5)], 0, 750, [True, True]),
        # shares that do not add up belong to something else
        ([line(CALL, 20)], 1900, None, None),
        ([line(CALL, 20)], -2000, None, None),
        # before its expiry an option leaves as shares or by a trade
        ([line(CALL, 20, expired=False)], 2000, None, [True]),
        ([line(CALL, 20, expired=False)], 0, None, None),
        ([line(CALL, -3, expired=False), line(PUT, 5)], -800, None, [True, True]),
        ([line(f"GOOG 20160122 {700 + n} C", 1) for n in range(11)], 0, None, None),
    ],
)
def test_an_explanation_counts_when_there_is_no_other(
    lines: list[Gone], shares: int, spot: int | None, exercised: list[bool] | None
) -> None:
    assert chosen(lines, shares, spot) == exercised


@pytest.mark.parametrize(("held", "difference"), [(20, 5), (20, -21), (0, -5), (-20, 21), (-20, -1)])
def test_what_grows_or_crosses_zero_is_no_option_event(held: int, difference: int) -> None:
    option = parse_instrument_id(CALL)
    assert gone(option, Decimal(held), Decimal(difference), 0, expiry_close_ns) is None
    assert gone(parse_instrument_id("GOOG"), Decimal(5), Decimal(-5), 0, expiry_close_ns) is None


@pytest.mark.parametrize(
    ("closed", "owners", "parts"),
    [
        (20, {"a": 15, "b": 5}, {"a": 15, "b": 5}),
        (15, {"a": 20, "b": -5}, {"a": 20, "b": -5}),
        (-10, {"a": -15, "b": -5}, {"a": -8, "b": -2}),
        (1, {"a": 5, "b": 5}, {"a": 1}),
        (5, {"a": 7, "b": 7, "c": 7}, {"a": 2, "b": 2, "c": 1}),
        (5, {"a": 20, "b": -5}, None),
    ],
)
def test_owners_share_in_proportion(closed: int, owners: dict[str, int], parts: dict[str, int] | None) -> None:
    found = split(Decimal(closed), {owner: Decimal(quantity) for owner, quantity in owners.items()})
    assert found == parts
    assert found is None or sum(found.values()) == closed


def world(strategys: int = 20, total: int = 20, hedge: int = -900) -> tuple[Ledger, Comparison]:
    """A strategy that took over calls and hedges them."""
    ledger, comparison = opened(total)
    request = adopt(strategys)

    transfer = decide_adoption(ledger, request, 1, 1)
    assert transfer is not None
    ledger.apply_transfer(transfer)
    ledger.apply_report(fill_report(1, hedge), 1)
    comparison.update(Place(ACCOUNT, "GOOG"), holding(hedge))
    assert compare(comparison, ledger, 1) == []
    assert comparison.breaks == comparison.settling == ()
    return ledger, comparison


def left(comparison: Comparison, calls: int, shares: int) -> None:
    comparison.update(Place(ACCOUNT, CALL), holding(calls, multiplier=100))
    comparison.update(Place(ACCOUNT, "GOOG"), holding(shares))


def test_an_expiry_takes_the_option_from_each_owner() -> None:
    ledger, comparison = world(15)
    left(comparison, 0, -900)
    assert compare(comparison, ledger, AFTER) == []
    (settling,) = comparison.settling
    assert (settling.instrument_id, settling.ledger_quantity, settling.broker_quantity) == (CALL, 20, 0)
    due = compare(comparison, ledger, AFTER + 2)
    assert [(each.kind, each.from_owner, each.to_owner, each.quantity, each.price) for each in due] == [
        (TransferKind.EXPIRY, MANUAL, BROKER, 5, 0),
        (TransferKind.EXPIRY, STRATEGY, BROKER, 15, 0),
    ]
    assert all(each.actor == "broker" and each.reason for each in due)
    assert compare(comparison, ledger, AFTER + 3) == []
    assert comparison.breaks == comparison.settling == ()
    assert quantity(ledger, STRATEGY, CALL) == quantity(ledger, MANUAL, CALL) == 0
    assert quantity(ledger, STRATEGY) == -900


def test_an_exercise_brings_the_shares_at_the_strike_to_the_same_owner() -> None:
    ledger, comparison = world(15)
    left(comparison, 0, 1100)
    compare(comparison, ledger, AFTER)
    due = compare(comparison, ledger, AFTER + 2)
    moved = [(each.kind, each.from_owner, each.to_owner, each.instrument_id, each.quantity, each.price) for each in due]
    assert moved == [
        (TransferKind.EXERCISE, MANUAL, BROKER, CALL, 5, 0),
        (TransferKind.EXERCISE, BROKER, MANUAL, "GOOG", 500, 750),
        (TransferKind.EXERCISE, STRATEGY, BROKER, CALL, 15, 0),
        (TransferKind.EXERCISE, BROKER, STRATEGY, "GOOG", 1500, 750),
    ]
    compare(comparison, ledger, AFTER + 3)
    assert comparison.breaks == ()
    assert (quantity(ledger, STRATEGY), quantity(ledger, MANUAL)) == (600, 500)
    found = ledger.holding(ACCOUNT, STRATEGY, "GOOG")
    assert found is not None
    assert (found.transferred.quantity, found.transferred.average_price) == (1500, 750)


def test_an_early_assignment_of_a_part() -> None:
    ledger, comparison = world(-15, -20, 700)
    left(comparison, -16, 300)
    compare(comparison, ledger, BEFORE)
    due = compare(comparison, ledger, BEFORE + 2)
    assert {each.kind for each in due} == {TransferKind.ASSIGNMENT}
    assert (quantity(ledger, STRATEGY, CALL), quantity(ledger, MANUAL, CALL)) == (-12, -4)
    assert (quantity(ledger, STRATEGY), quantity(ledger, MANUAL)) == (400, -100)


@pytest.mark.parametrize(("calls", "shares", "at"), [(0, -950, AFTER), (0, -900, BEFORE), (25, -900, AFTER)])
def test_what_is_not_certain_stays_a_break(calls: int, shares: int, at: int) -> None:
    ledger, comparison = world()
    left(comparison, calls, shares)
    compare(comparison, ledger, at)
    assert compare(comparison, ledger, at + 2) == []
    assert CALL in {each.instrument_id for each in comparison.breaks}
    assert comparison.settling == ()
    assert (quantity(ledger, STRATEGY, CALL), quantity(ledger, STRATEGY)) == (20, -900)


def test_shares_that_come_first_wait_for_the_option() -> None:
    ledger, comparison = opened(20)
    comparison.update(Place(ACCOUNT, "GOOG"), holding(2000))
    compare(comparison, ledger, AFTER)
    comparison.update(Place(ACCOUNT, CALL), holding(0, multiplier=100))
    assert compare(comparison, ledger, AFTER + 1) == []
    assert compare(comparison, ledger, AFTER + SETTLE_NS / 1e9) == []
    due = compare(comparison, ledger, AFTER + 3)
    assert [each.kind for each in due] == [TransferKind.EXERCISE] * 2
    assert (quantity(ledger, MANUAL, CALL), quantity(ledger, MANUAL)) == (0, 2000)
