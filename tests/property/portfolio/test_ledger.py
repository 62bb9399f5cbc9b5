"""Whatever is told, in whatever order and however often: one ledger comes out, and transfers add to zero."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.domain.position import BROKER, MANUAL
from services.portfolio.domain.adoption import decide_adoption
from services.portfolio.domain.comparison import Place
from services.portfolio.domain.holding import HoldingKey
from services.portfolio.domain.ledger import FillLine, Ledger
from tests.unit.services.portfolio.samples import (
    ACCOUNT,
    CALL,
    adopt,
    compare,
    fill_report,
    holding,
    opened,
    quantity,
)

FILLS = st.lists(
    st.tuples(
        st.integers(1, 6),  # execution
        st.integers(1, 3),  # revision
        st.integers(-50, 50).filter(bool),
        st.integers(700, 800),
        st.sampled_from([None, "0.35", "1"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=20,
)


def view(ledger: Ledger) -> dict[HoldingKey, tuple[Decimal, Decimal, Decimal, Decimal, int]]:
    """Everything a ledger says of its holdings."""
    return {
        key: (
            each.position.quantity,
            each.position.average_price.quantize(Decimal("1e-12")),
            each.position.realized_pnl.quantize(Decimal("1e-9")),
            each.commissions,
            each.fills,
        )
        for key, each in ledger.holdings.items()
    }


def lines(told: list[tuple[int, int, int, int, str | None, str]]) -> list[FillLine]:
    """Fill lines of those reports; an execution keeps its side, strategy and time through its revisions."""
    ledger, made = Ledger(), []
    first: dict[int, tuple[int, str]] = {}
    for sequence, (execution, revision, signed, price, commission, strategy) in enumerate(told, 1):
        sign, owner = first.setdefault(execution, (1 if signed > 0 else -1, strategy))
        report = fill_report(
            sequence, sign * abs(signed), str(price), f"0001.{execution}.{revision:02}", commission, owner,
            event_time=execution,
        )  # fmt: skip
        line = ledger.apply_report(report, 1)
        if line is not None:
            made.append(line)
    return made


@given(FILLS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_and_repetition_of_the_newest_revisions_do_not_matter(told: list[object], random: object) -> None:
    newest: dict[str, FillLine] = {}
    for line in lines(told):  # type: ignore[arg-type]
        newest[line.execution] = line
    inorder, shuffled = Ledger(), Ledger()
    for line in newest.values():
        inorder.apply_fill(line)
    for line in _shuffled([*newest.values(), *newest.values()], random):
        shuffled.apply_fill(line)
    assert view(inorder) == view(shuffled)


def _shuffled(values: list[FillLine], random: object) -> list[FillLine]:
    random.shuffle(values)  # type: ignore[attr-defined]
    return values


@given(FILLS, st.integers(0, 20))
@settings(deadline=None)
def test_a_restart_from_the_lines_on_disk_gives_the_same_ledger(told: list[object], cut: int) -> None:
    whole = Ledger()
    kept: dict[str, FillLine] = {}
    made = lines(told)  # type: ignore[arg-type]
    for line in made:
        whole.apply_fill(line)
    for line in made[:cut]:
        kept[line.execution] = line
    again = Ledger()
    for line in kept.values():
        again.apply_fill(line)
    for line in made:  # execution tells everything after the last line once more, and then some
        again.apply_fill(dataclasses.replace(line))
    assert view(whole) == view(again)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("adopt"), st.integers(-30, 30).filter(bool), st.sampled_from(["a", "b"])),
        st.tuples(st.just("fill"), st.integers(-30, 30).filter(bool), st.sampled_from(["a", "b"])),
        st.tuples(st.just("manual"), st.integers(-30, 30), st.just("")),
        st.tuples(st.just("repeat"), st.integers(0, 30), st.just("")),
    ),
    max_size=25,
)


@given(st.integers(-40, 40), ACTIONS)
@settings(deadline=None)
def test_transfers_add_to_zero_and_manual_is_the_rest(start: int, actions: list[tuple[str, int, str]]) -> None:
    ledger, comparison = opened(start)
    place = Place(ACCOUNT, CALL)
    broker, sequence, granted = start, 0, []
    for number, (what, amount, strategy) in enumerate(actions):
        if what == "adopt":
            request = adopt(amount, f"r-{number}", strategy=strategy)
            before = quantity(ledger, MANUAL, CALL)
            try:
                transfer = decide_adoption(ledger, request, number, number)
            except FailedPrecondition:
                assert before * amount <= 0 or abs(amount) > abs(before)
                continue
            assert transfer is not None
            ledger.apply_transfer(transfer)
            granted.append(transfer)
            after = quantity(ledger, MANUAL, CALL)
            assert before * after >= 0
            assert abs(after) == abs(before) - abs(amount)
        elif what == "fill":
            sequence, broker = sequence + 1, broker + amount
            ledger.apply_report(fill_report(sequence, amount, "15", strategy=strategy, instrument_id=CALL), 100)
            comparison.update(place, holding(broker, multiplier=100))
        elif what == "manual" and not ledger.traded(ACCOUNT, CALL):
            broker += amount
            comparison.update(place, holding(broker, multiplier=100))
            for second in (0, 2):
                compare(comparison, ledger, 10 * number + second)
        elif granted:
            assert not ledger.apply_transfer(granted[amount % len(granted)])
        moved: dict[str, Decimal] = {}
        for each in ledger.transfers.values():
            moved[each.from_owner] = moved.get(each.from_owner, Decimal(0)) - each.quantity
            moved[each.to_owner] = moved.get(each.to_owner, Decimal(0)) + each.quantity
        assert sum(moved.values()) == 0
        owners = {"a", "b", MANUAL}
        assert set(moved) <= owners | {BROKER}
        assert sum(quantity(ledger, owner, CALL) for owner in owners) == broker
        compare(comparison, ledger, 10 * number + 5)
        assert comparison.breaks == ()


@given(st.integers(-40, 40), st.integers(-40, 40), st.booleans())
def test_a_difference_never_changes_a_strategys_share(bought: int, told: int, ready: bool) -> None:
    ledger, comparison = opened(0)
    if bought:
        ledger.apply_report(fill_report(1, bought), 1)
    comparison.update(Place(ACCOUNT, "GOOG"), holding(told))
    for second in range(5):
        compare(comparison, ledger, second, ready)
    assert quantity(ledger, "goog-scalper") == bought
    standing = bool(bought) and told != bought and ready
    assert bool(comparison.breaks) is standing
