"""Whatever happens, strategies and MANUAL together hold what the broker holds, and the store gives the same ledger."""

from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.domain.position import BROKER, MANUAL
from hedgerow.tape.sessions import expiry_close_ns
from services.portfolio.domain.adoption import decide_adoption
from services.portfolio.domain.break_assignment import AssignBreak, decide_break_assignment
from services.portfolio.domain.comparison import Comparison, Place
from services.portfolio.domain.ledger import FillLine, Ledger
from tests.property.portfolio.test_ledger import view
from tests.unit.services.portfolio.samples import ACCOUNT, CALL, SETTLE_NS, adopt, compare, fill_report, holding

OWNERS = ("a", "b", MANUAL)
STOCK, OPTION = Place(ACCOUNT, "GOOG"), Place(ACCOUNT, CALL)
DAY_S = 86_400


class World:
    """A ledger, the broker's truth beside it, and what a store would keep of it; time in seconds."""

    def __init__(self, calls: int, shares: int) -> None:
        self.ledger, self.comparison = Ledger(), Comparison(SETTLE_NS, expiry_close_ns)
        self.broker = {STOCK: Decimal(shares), OPTION: Decimal(calls)}
        self.kept: list[FillLine] = []
        self.reports = 0
        self.at = 0.0
        self.requests = 0
        self.comparison.replace_all(frozenset([ACCOUNT]), {})
        self.settle()

    def settle(self) -> None:
        """The broker's positions are told, and stand long enough."""
        for place, quantity in self.broker.items():
            multiplier = 100 if place is OPTION else 1
            self.comparison.update(place, holding(int(quantity), multiplier=multiplier))
        for _ in range(3):
            self.at += 2.5
            compare(self.comparison, self.ledger, self.at)

    def trade(self, place: Place, signed: int, owner: str, dice: random.Random) -> None:
        """Fills of an order of a strategy: told late, twice, corrected, or a correction before what it corrects."""
        self.reports += 1
        name = f"0001.{self.reports}"
        final = signed + dice.choice((0, 0, 1 if signed > 0 else -1))
        revisions = [(1, signed), (2, final)] if final != signed else [(1, signed)]
        self.broker[place] += final
        told = [*revisions, *(each for each in revisions if dice.random() < 0.3)]
        dice.shuffle(told)
        for revision, quantity in told:
            if not quantity:
                continue
            sequence = self.ledger.sequence + 1
            report = fill_report(
                sequence, quantity, str(700 + dice.randrange(100)), f"{name}.{revision:02}", "1", owner,
                place.instrument_id, event_time=self.reports,
            )  # fmt: skip
            line = self.ledger.apply_report(report, 100 if place is OPTION else 1)
            if line is not None:
                self.kept.append(line)

    def person(self, place: Place, signed: int) -> None:
        """Somebody trades by hand."""
        self.broker[place] += signed

    def exercise(self, share: float) -> None:
        """Some of the calls leave as shares."""
        calls = int(self.broker[OPTION] * Decimal(str(share)))
        self.broker[OPTION] -= calls
        self.broker[STOCK] += 100 * calls

    def exercise_and_look(self, share: float) -> None:
        """As `exercise`, where nothing else is amiss: certain, and each owner gets the shares of its own calls."""
        calls = dict(self.ledger.owners(*OPTION))
        shares = dict(self.ledger.owners(*STOCK))
        one_sided = len({quantity > 0 for quantity in calls.values()}) == 1
        self.exercise(share)
        self.settle()
        if one_sided or self.broker[OPTION] == 0:
            assert self.comparison.breaks == self.comparison.settling == ()
        for owner in OWNERS:
            gone = calls.get(owner, 0) - self.ledger.owners(*OPTION).get(owner, Decimal(0))
            came = self.ledger.owners(*STOCK).get(owner, Decimal(0)) - shares.get(owner, 0)
            assert came == 100 * gone

    def give(self, owner: str) -> None:
        """An operator assigns the first break that stands."""
        for each in self.comparison.breaks[:1]:
            self.requests += 1
            difference = each.broker_quantity - each.ledger_quantity
            request = AssignBreak(
                f"give-{self.requests}", each.account, each.instrument_id, owner, difference, None, "ann", "known"
            )
            transfer = decide_break_assignment(self.ledger, self.comparison, request, int(self.at), int(self.at))
            assert transfer is not None
            assert self.ledger.apply_transfer(transfer)
            assert not self.ledger.apply_transfer(transfer)

    def take_over(self, quantity: int, owner: str) -> None:
        """A strategy adopts calls, as far as MANUAL has them."""
        self.requests += 1
        request = adopt(quantity, f"adopt-{self.requests}", strategy=owner)
        try:
            transfer = decide_adoption(self.ledger, request, int(self.at), int(self.at))
        except FailedPrecondition:
            return
        assert transfer is not None
        self.ledger.apply_transfer(transfer)

    def check(self) -> None:
        """Owners and breaks add up to the broker, transfers to zero."""
        standing = {(each.account, each.instrument_id): each for each in self.comparison.breaks}
        for place, quantity in self.broker.items():
            owned = sum(self.ledger.owners(*place).values(), Decimal(0))
            assert set(self.ledger.owners(*place)) <= set(OWNERS)
            assert owned == self.ledger.quantity(*place)
            if place in standing:
                assert (standing[place].ledger_quantity, standing[place].broker_quantity) == (owned, quantity)
            else:
                assert owned == quantity
        moved: dict[tuple[str, str], Decimal] = {}
        for each in self.ledger.transfers.values():
            for owner, signed in ((each.from_owner, -each.quantity), (each.to_owner, each.quantity)):
                moved[each.instrument_id, owner] = moved.get((each.instrument_id, owner), Decimal(0)) + signed
        for name in ("GOOG", CALL):
            assert sum(quantity for (instrument, _), quantity in moved.items() if instrument == name) == 0
        assert all(each.actor and each.reason for each in self.ledger.transfers.values())
        assert {owner for _, owner in moved} <= {*OWNERS, BROKER}

    def restarted(self) -> Ledger:
        """What a store's rows fold to: the newest line of each execution and the transfers, in any order."""
        rows = {line.execution: line for line in self.kept}
        again = Ledger()
        for transfer in reversed(list(self.ledger.transfers.values())):
            again.apply_transfer(transfer)
        for line in sorted(rows.values(), key=lambda each: each.sequence):
            again.apply_fill(line)
            again.sequence = max(again.sequence, line.sequence)
        return again


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "options", "person", "exercise", "give", "adopt", "restart", "time"]),
        st.integers(-30, 30).filter(bool),
        st.sampled_from(["a", "b"]),
    ),
    max_size=16,
)


@given(st.integers(-20, 20), st.integers(-300, 300), ACTIONS, st.integers(0, 2**32))
@settings(deadline=None)
def test_strategies_and_manual_are_what_the_broker_holds(
    calls: int, shares: int, actions: list[tuple[str, int, str]], seed: int
) -> None:
    world, dice = World(calls, shares), random.Random(seed)
    for what, amount, owner in actions:
        match what:
            case "trade":
                world.trade(STOCK, amount, owner, dice)
            case "options":
                world.trade(OPTION, amount, owner, dice)
            case "person":
                world.person(dice.choice((STOCK, OPTION)), amount)
            case "exercise":
                share = dice.choice((0.5, 1.0))
                if not world.comparison.breaks:
                    world.exercise_and_look(share)
                else:
                    world.exercise(share)
            case "give":
                world.give(dice.choice((owner, MANUAL)))
            case "adopt":
                world.take_over(amount, owner)
            case "restart":
                again = world.restarted()
                assert view(again) == view(world.ledger)
                assert again.opened == world.ledger.opened
                world.ledger = again
            case "time":
                world.at += DAY_S * abs(amount)
        world.settle()
        world.check()
    for _ in world.broker:
        world.give(MANUAL)
        world.settle()
    assert world.comparison.breaks == ()
    world.check()
    assert view(world.restarted()) == view(world.ledger)
