"""The output contract: every rule names field, value and rule; a host that meets a violation fails closed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.codes import BlockReason, IntentAction, TradingFSM
from hedgerow.strategy.contract import violation
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import Kernel
from hedgerow.strategy.kinds import SHIPPED, load
from hedgerow.strategy.observation import Observation, OrderPhase
from hedgerow.strategy.protocol import CONTEXT, LIVE, check_context, params_from, params_tree
from hedgerow.strategy.trial import trial_config
from tests.strategy_world import World


def submitted() -> tuple[Observation, Decision]:
    """An observation and a good decision with an intent on it."""
    world = World()
    world.start()
    world.pass_time(1)
    world.spot = 751.0
    decision = world.see()
    assert decision.intent.action == IntentAction.SUBMIT
    return world.log[-1][0], decision


INTENTS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"action": 9}, "intent.action", "9"),
    ({"side": 0}, "intent.side", "0"),
    ({"quantity": 3.5}, "intent.quantity", "3.5"),
    ({"quantity": 0.0}, "intent.quantity", "0"),
    ({"quantity": -3.0}, "intent.quantity", "-3"),
    ({"quantity": math.inf}, "intent.quantity", "inf"),
    ({"quantity": math.nan}, "intent.quantity", "nan"),
    ({"limit_price": math.nan}, "intent.limit_price", "nan"),
    ({"limit_price": 0.0}, "intent.limit_price", "0"),
    ({"number": 1 + 1}, "intent.number", "2"),
    ({"parent": 2}, "intent.parent", "2"),
    ({"action": 2, "number": 1}, "intent.number", "1"),
)


@pytest.mark.parametrize(("changes", "field", "value"), INTENTS)
def test_an_intent_against_a_rule_is_named(changes: dict[str, Any], field: str, value: str) -> None:
    seen, good = submitted()
    assert violation(seen, good, 0) is None
    found = violation(seen, good._replace(intent=good.intent._replace(**changes)), 0)
    assert found is not None
    assert (found.field, found.value) == (field, value)
    assert found.rule


def test_decisions_against_a_rule_are_named() -> None:
    seen, good = submitted()
    wrong: list[tuple[Any, str]] = [
        (None, "decision"),
        (good._replace(spot="high"), "decision"),
        (good._replace(sequence=good.sequence + 1), "sequence"),
        (good._replace(now=1), "now"),
        (good._replace(trading_fsm=99), "trading_fsm"),
        (good._replace(block_reason=8), "block_reason"),
        (good._replace(guard_verdicts=(7, *good.guard_verdicts[1:])), "guard_verdicts[0]"),
        (good._replace(legs=(good.legs[0]._replace(provenance=5), *good.legs[1:])), "legs[0].provenance"),
        (good._replace(block_reason=BlockReason.PAUSED.value), "block_reason"),
    ]
    for decision, field in wrong:
        found = violation(seen, decision, 0)
        assert found is not None, field
        assert found.field == field


def kernel(step: Any) -> Kernel:
    return Kernel(step, lambda params: 0, "test", "plain")


def test_a_host_refuses_from_the_first_violation_on_and_takes_back_what_rests() -> None:
    seen, good = submitted()
    answers = {1: good.intent, 2: good.intent._replace(quantity=1.5, number=2, parent=2), 3: good.intent}
    asked = []

    def step(params: object, state: int, o: Observation) -> tuple[int, Decision]:
        asked.append(o.sequence)
        return state + 1, good._replace(sequence=o.sequence, intent=answers[o.sequence])

    hosted = Hosted(kernel(step), None)
    assert hosted.decide(seen._replace(sequence=1)).intent.action == IntentAction.SUBMIT
    resting = seen.order._replace(phase=OrderPhase.WORKING.value, intent_number=1)
    refused = hosted.decide(seen._replace(sequence=2, order=resting))
    assert str(hosted.broken) == "intent.quantity 1.5: a positive whole number of shares"
    assert (refused.intent.action, refused.intent.number) == (IntentAction.CANCEL, 1)
    assert refused.block_reason == refused.safe_cause == BlockReason.STRATEGY_CONTRACT
    assert refused.trading_fsm == TradingFSM.SAFE
    assert violation(seen._replace(sequence=2), refused._replace(intent=good.intent._replace(action=0)), 1) is None
    again = hosted.decide(seen._replace(sequence=3, order=resting))
    assert again.intent.action == IntentAction.NONE
    assert asked == [1, 2]


def test_whatever_a_strategy_raises_is_told_and_nothing_leaves() -> None:
    def step(params: object, state: int, o: Observation) -> tuple[int, Decision]:
        raise ZeroDivisionError("division by zero")

    hosted = Hosted(kernel(step), None)
    seen, _ = submitted()
    assert hosted.decide(seen).intent.action == IntentAction.NONE
    assert str(hosted.broken) == "step ZeroDivisionError: division by zero: answers every observation"


def test_context_is_refused_by_name() -> None:
    with pytest.raises(InvalidValue, match=r"NEEDS: 'news' is not allowed: a field of the Observation"):
        check_context(("underlying", "news"), CONTEXT, "the daemon")
    with pytest.raises(InvalidValue, match=r"NEEDS: 'outside' is not allowed: the daemon does not supply it"):
        check_context(load("bridge").NEEDS, LIVE, "the daemon")
    for kind in SHIPPED:
        check_context(load(kind).NEEDS, CONTEXT, "a host")


@pytest.mark.parametrize("kind", SHIPPED)
def test_parameters_survive_a_session_logs_header(kind: str) -> None:
    strategy = load(kind)
    effective = {"stale_ts_threshold_ms": 5000.0, "option_stale_ms": 6e5, "reprice_ms": 5000.0}
    params = strategy.params(trial_config(kind), effective)
    assert repr(params_from(strategy.Params, params_tree(params))) == repr(params)
