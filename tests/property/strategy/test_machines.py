"""Both machines are total: every state answers every event, is reachable, and is left under some input."""

from __future__ import annotations

from itertools import product

from hedgerow.strategy.codes import FIRST_BLOCK, GATE_COUNT, BlockReason, Gate, HedgeFSM, TradingFSM
from hedgerow.strategy.kit.hedge_fsm import after_report, has_open_order
from hedgerow.strategy.kit.trading_fsm import TradingEvent, next_trading_state, settle
from hedgerow.strategy.observation import OrderPhase

EVENTS = [TradingEvent(*flags) for flags in product((False, True), repeat=len(TradingEvent._fields))]
ENTERED_BY_ACTING = {HedgeFSM.SEND, HedgeFSM.REPRICE, HedgeFSM.CANCEL}


def test_trading_fsm_is_total() -> None:
    leaves: dict[TradingFSM, set[TradingFSM]] = {state: set() for state in TradingFSM}
    for state in TradingFSM:
        for event in EVENTS:
            following = TradingFSM(next_trading_state(state, event))
            if following != state:
                leaves[state].add(following)
            if event.stop and state != TradingFSM.STOPPED:
                assert following == TradingFSM.STOPPED
            elif event.fault and state not in (TradingFSM.STOPPED, TradingFSM.BOOT):
                assert following == TradingFSM.SAFE
    assert all(leaves.values())
    assert set.union(*leaves.values()) == set(TradingFSM)


def test_trading_fsm_settles() -> None:
    for state in TradingFSM:
        for event in EVENTS:
            settled = settle(state, event)
            if not (event.start and not event.stop and state == TradingFSM.STOPPED):
                assert next_trading_state(settled, event) == settled or event.target_emitted or event.hedge_failed


def test_hedging_begins_only_with_a_target_and_open_gates() -> None:
    for state in TradingFSM:
        for event in EVENTS:
            if state != TradingFSM.HEDGING and next_trading_state(state, event) == TradingFSM.HEDGING:
                assert state == TradingFSM.NEED_HEDGE
                assert event.target_emitted


def test_hedge_fsm_is_total() -> None:
    leaves: dict[HedgeFSM, set[HedgeFSM]] = {state: set() for state in HedgeFSM}
    for state, phase, overdue in product(HedgeFSM, OrderPhase, (False, True)):
        following = HedgeFSM(after_report(state, phase, overdue))
        leaves[state].add(following)
        if following in (HedgeFSM.EXEC_IDLE, HedgeFSM.PLAN) and has_open_order(state):
            assert phase == OrderPhase.CANCELED  # an order is forgotten only when the broker says that it ended
    for state in HedgeFSM:
        idle = state in (HedgeFSM.EXEC_IDLE, HedgeFSM.PLAN)  # left by acting: a submit
        assert idle or leaves[state] - {state}
    assert set.union(*leaves.values()) | ENTERED_BY_ACTING == set(HedgeFSM)


def test_gates_and_block_reasons_share_one_order() -> None:
    assert len(Gate) == GATE_COUNT
    for gate in Gate:
        assert BlockReason(gate + FIRST_BLOCK).name == gate.name
