"""Promise 4 on pure code: however executions are told, both ledgers end where their latest revisions say."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from hedgerow.domain.execution_report import ExecutionReport, Fill
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce, Verdict
from hedgerow.domain.position import BROKER, MANUAL, ZERO
from hedgerow.torture.registry import Kind, family, require
from services.execution.domain import commands as c
from services.execution.domain.events import OrderEvent
from services.execution.domain.ledger import Ledger as OrderLedger
from services.execution.domain.positions import PositionKey
from services.portfolio.domain.ledger import Ledger as OwnerLedger
from services.portfolio.domain.ledger import Transfer, TransferKind

if TYPE_CHECKING:
    from hedgerow.torture.rig import Rig

ACCOUNT, STRATEGY, NAME = "SIM0000001", "fold", "GOOG"
KEY = PositionKey(ACCOUNT, STRATEGY, NAME)
DAY = 86_400_000_000_000
MARK = Decimal("751.25")
"""The price at which profit is compared: realized and unrealized together must not depend on the way there."""
NEARLY = Decimal("1e-9")


@family("position-fold", promise=4, kind=Kind.PROPERTY, release=1_000_000)
def position_fold(seed: int, rig: Rig) -> None:
    """Executions repeated, reordered, corrected, told again after a crash and over two days, with transfers between."""
    wrong = fold(seed)
    require(not wrong, wrong)


def fold(seed: int) -> str:
    """Plays one history by those dice; what went wrong, empty when nothing did."""
    dice = random.Random(seed)
    history = _History(dice)
    told = history.told()
    ledger, events = OrderLedger(), []
    reports: list[ExecutionReport] = []
    for admission in history.admissions:
        reports.append(ledger.replay(admission).report)
        events.append(admission)
    crash_at = dice.randrange(2 * len(told) + 1)  # half of all histories have one
    for number, command in enumerate(told):
        if number == crash_at:
            ledger, waiting = _rebuilt(events), told[:number]
            told_again = waiting  # after a reconnect the broker tells the day's executions again
        else:
            told_again = []
        for each in (*told_again, command):
            for entry in ledger.handle(each):
                events.append(entry.event)
                reports.append(entry.report)
    wrong = history.compare("execution", _of_orders(ledger))
    if wrong:
        return wrong
    if _of_orders(_rebuilt(events)) != _of_orders(ledger):
        return "the journal rebuilds another position"
    return _owners(history, reports, dice)


class _History:
    """Orders, their executions with all revisions and costs, and what they must add up to."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.admissions: list[OrderEvent] = []
        self._facts: list[c.Command] = []
        self.quantity, self.paid = ZERO, ZERO
        self.profit = ZERO
        for number in range(dice.randint(1, 3)):
            admission = _admission(number, dice.random() < 0.5)
            self.admissions.append(admission)
            self._executions(admission, number)

    def _executions(self, admission: OrderEvent, number: int) -> None:
        dice, name = self._dice, admission.client_order_id
        assert admission.admission is not None
        sign = admission.admission.intent.side.sign
        for part in range(dice.randint(0, 3)):
            quantity, price = Decimal(dice.randint(1, 30)), Decimal(dice.randint(70000, 80000)) / 100
            time = dice.randint(1, 2 * DAY)  # two days: a rollover lies between some
            revisions = dice.choice((1, 1, 1, 2, 3))
            cost = None
            for revision in range(1, revisions + 1):
                fill = Fill(f"0001.{number}.{part}.{revision:02}", quantity, price, None, None, time)
                self._facts.append(c.RecordFill(name, fill, 9000 + number, time, time))
                if dice.random() < 0.8:
                    cost = Decimal(dice.randint(1, 200)) / 100
                    self._facts.append(c.RecordCommission(fill.execution_id, cost, None, time, time))
                if revision < revisions:
                    quantity = max(Decimal(1), quantity + dice.randint(-2, 2))
                    price += Decimal(dice.randint(-50, 50)) / 100
            self.quantity += sign * quantity
            self.profit += sign * quantity * (MARK - price)
            self.paid += cost or ZERO

    def told(self) -> list[c.Command]:
        """Every fact at least once, some more often, in an order of no meaning."""
        told = self._facts + [fact for fact in self._facts if self._dice.random() < 0.3]
        self._dice.shuffle(told)
        return told

    def compare(self, who: str, found: tuple[Decimal, Decimal, Decimal]) -> str:
        """The first figure that differs from what the latest revisions add up to."""
        quantity, profit, paid = found
        if quantity != self.quantity:
            return f"{who} holds {quantity}, the executions add up to {self.quantity}"
        if abs(profit - self.profit) > NEARLY:
            return f"{who} has {profit} of profit, the executions {self.profit}"
        return "" if paid == self.paid else f"{who} paid {paid}, the commissions are {self.paid}"


def _owners(history: _History, reports: list[ExecutionReport], dice: random.Random) -> str:
    """Portfolio's ledger from the same reports, told again in places, with transfers between them."""
    ledger = OwnerLedger()
    moves = [_move(number, dice) for number in range(dice.randint(0, 2))]
    for report in reports:
        ledger.apply_report(report, 1)
        if dice.random() < 0.1:
            for earlier in reports[dice.randrange(report.sequence) : report.sequence]:
                ledger.apply_report(earlier, 1)
        if moves and dice.random() < 0.3:
            for move in (moves[0], moves.pop(0)):
                ledger.apply_transfer(move)
    left = {move.transfer_id for move in moves}
    given = [move for move in ledger.transfers.values() if move.transfer_id not in left]
    moved = sum((move.quantity for move in given), ZERO)
    found = ledger.holding(ACCOUNT, STRATEGY, NAME)
    held = ZERO if found is None else found.position.quantity
    if held != history.quantity + moved:
        return f"portfolio holds {held}, executions and transfers add up to {history.quantity + moved}"
    total = ledger.quantity(ACCOUNT, NAME)
    entered = sum((move.quantity for move in given if move.from_owner == BROKER), ZERO)
    if total != history.quantity + entered:
        return f"all owners hold {total}, executions and what came from the broker {history.quantity + entered}"
    if found is None or moved:
        return ""
    profit = found.position.realized_pnl + found.position.unrealized_pnl(MARK)
    return history.compare("portfolio", (held, profit, found.commissions)) if not given else ""


def _move(number: int, dice: random.Random) -> Transfer:
    source = dice.choice((MANUAL, BROKER))
    kind = TransferKind.ADOPTION if source == MANUAL else TransferKind.INFERRED
    quantity = Decimal(dice.choice((-7, -1, 1, 12)))
    return Transfer(
        f"t-{number}", f"t-{number}", kind, ACCOUNT, source, STRATEGY, NAME, 1, quantity, MARK, "dice", "torture",
        1, dice.randint(1, 2 * DAY),
    )  # fmt: skip


def _of_orders(ledger: OrderLedger) -> tuple[Decimal, Decimal, Decimal]:
    found = ledger.book.positions.get(KEY)
    if found is None:
        return ZERO, ZERO, ZERO
    position = found.position
    return position.quantity, position.realized_pnl + position.unrealized_pnl(MARK), found.commissions


def _rebuilt(events: list[OrderEvent]) -> OrderLedger:
    ledger = OrderLedger()
    for event in events:
        ledger.replay(event)
    return ledger


@cache
def _admission(number: int, buys: bool) -> OrderEvent:
    """The event that begins an order far larger than its executions: admitted once, folded ever again."""
    intent = replace(_INTENT, intent_id=f"fold-{number}-{buys}", side=Side.BUY if buys else Side.SELL)
    verdict = Verdict(intent.intent_id, True, "", (), 1, "hash", 1, 1 << 62)
    [entry] = OrderLedger().handle(c.Admit(intent, verdict, number + 1, 1, 1, 1))
    assert entry.report.order_status is OrderStatus.PENDING
    return entry.event


_INTENT = Intent(
    intent_id="", strategy=STRATEGY, account=ACCOUNT, instrument=stock(NAME), side=Side.BUY, quantity=Decimal(1000),
    order_type=OrderType.MARKET, limit_price=None, time_in_force=TimeInForce.DAY, reduce_only=False,
    decision_sequence=1, reason="TORTURE", bid=750.0, ask=750.1, quote_time=1, quote_age_ms=0.0, created_at=1,
)  # fmt: skip
