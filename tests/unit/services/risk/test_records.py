"""risk.db: a verdict read back is the verdict written, with all it takes to decide it again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hedgerow.domain.order import OrderType, Side
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import Exposure
from hedgerow.store.engine import open_store
from services.risk.domain.desk import Answered, decide, refuse
from services.risk.ports import StateRequest
from services.risk.records import RiskRecords
from tests.unit.rules.orders import OPTION, order
from tests.unit.services.risk.samples import START, at, desk


async def test_a_verdict_on_disk_decides_the_same_again(tmp_path: Path) -> None:
    on = desk(max_position_shares=250)
    checks = [
        order(intent_id="a"),
        order(intent_id="b", side=Side.SELL, quantity=Decimal("10"), traceparent="00-x"),
        order(intent_id="c", instrument=OPTION, quantity=Decimal(3), limit_price=Decimal("750.10")),
        order(intent_id="d", order_type=OrderType.MARKET, limit_price=None, bid=None),
        order(intent_id="e", quantity=Decimal(200)),
    ]
    given: list[Answered] = []
    for number, check in enumerate(checks):
        given.append(decide(on, check, at(number)))
        on.remember(given[-1])
    given.append(refuse(on, order(intent_id="f"), "RISK_BEHIND", "behind", at(9)))
    records = RiskRecords(open_store(tmp_path, "risk"))
    records.write_answers(given)
    await records.close()

    records = RiskRecords(open_store(tmp_path, "risk"))
    read = records.recent_answers(100)
    await records.close()
    assert [each.check for each in read] == [each.check for each in given]
    assert [each.verdict for each in read] == [each.verdict for each in given]
    assert [each.facts for each in read] == [each.facts for each in given]
    assert {each.verdict.reason for each in read} >= {"", "NO_QUOTE", "MAX_POSITION", "RISK_BEHIND"}
    for each in read:
        if each.facts is not None:
            assert on.rules.evaluate(each.check, each.facts) == each.verdict.rules


async def test_the_version_counts_rule_sets(tmp_path: Path) -> None:
    records = RiskRecords(open_store(tmp_path, "risk"))
    first, other = desk(), desk(max_order_quantity=7)
    assert records.rule_set_version(first.rules.hash) == 1
    records.write_answers([decide(first, order(), START)])
    await records.close()
    records = RiskRecords(open_store(tmp_path, "risk"))
    assert records.rule_set_version(first.rules.hash) == 1
    assert records.rule_set_version(other.rules.hash) == 2
    assert records.recent_answers(0) == []
    await records.close()


async def test_the_trading_state_and_who_set_it(tmp_path: Path) -> None:
    records = RiskRecords(open_store(tmp_path, "risk"))
    assert records.trading_state() is TradingState.ACTIVE
    halted = StateRequest("r-1", TradingState.HALTED, "tester", "to see", 5)
    reducing = StateRequest("r-2", TradingState.REDUCING, "tester", "to see", 6)
    await records.write_state(halted)
    await records.write_state(reducing)
    await records.close()
    records = RiskRecords(open_store(tmp_path, "risk"))
    assert records.trading_state() is TradingState.REDUCING
    assert records.state_requests() == [halted, reducing]
    await records.close()


def test_facts_hold_exact_numbers() -> None:
    assert Exposure(Decimal("0.1")).worst_after(Side.BUY, Decimal("0.2")) == Decimal("0.3")
