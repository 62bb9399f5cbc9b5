"""The lamp, exhaustively: every known reason, alone and with every other, and what nobody knows."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.domain.self_check import DESIGNED_OR_MENDING, FAULTS, SelfCheck, in_words, lamp, self_check
from hedgerow.domain.trading_state import StatusLamp

KNOWN = (*DESIGNED_OR_MENDING, *FAULTS)
ACCEPTED_RED = {
    "RISK_HALT", "CIRCUIT_BREAKER", "NOT_RECONCILED", "JOURNAL_UNAVAILABLE", "LEASE_LOST", "GREEKS_BAD", "DATA_STALE",
    "HEARTBEAT_MISSING",
}  # fmt: skip
ACCEPTED_YELLOW = {
    "WAITING_IB", "PAUSED", "STOPPED_BY_OPERATOR", "PAUSE_COST", "PAUSE_LIQ", "OUTSIDE_RTH", "EARNINGS_BLACKOUT",
    "MAX_DAILY_HEDGES",
}  # fmt: skip


def test_the_tables_hold_what_was_asked_for_and_contradict_each_other_nowhere() -> None:
    assert set(FAULTS) >= ACCEPTED_RED
    assert set(DESIGNED_OR_MENDING) >= ACCEPTED_YELLOW
    assert not set(FAULTS) & set(DESIGNED_OR_MENDING)
    for code, words in (DESIGNED_OR_MENDING | FAULTS).items():
        assert code == code.upper()
        assert words


def test_green_is_the_absence_of_reasons() -> None:
    assert self_check([]) is SelfCheck.OK
    assert lamp(SelfCheck.OK) is StatusLamp.GREEN
    assert {check: lamp(check).value for check in SelfCheck} == {"ok": "green", "degraded": "yellow", "blocked": "red"}


@pytest.mark.parametrize("reason", KNOWN)
def test_every_reason_alone_with_and_without_detail(reason: str) -> None:
    wanted = SelfCheck.DEGRADED if reason in DESIGNED_OR_MENDING else SelfCheck.BLOCKED
    assert self_check([reason]) is wanted
    assert self_check([f"{reason} some detail"]) is wanted
    assert in_words(f"{reason} detail") == f"{reason} detail: {(DESIGNED_OR_MENDING | FAULTS)[reason]}"


def test_every_pair_in_both_orders_is_the_worse_of_the_two() -> None:
    rank = list(SelfCheck)
    for pair in product(KNOWN, repeat=2):
        assert self_check(pair) is max((self_check([one]) for one in pair), key=rank.index)


@given(st.text(max_size=40), st.lists(st.sampled_from(KNOWN)))
def test_an_unknown_reason_is_red_whatever_stands_beside_it(reason: str, others: list[str]) -> None:
    if reason.split(" ", 1)[0] not in DESIGNED_OR_MENDING:
        assert self_check([*others, reason]) is SelfCheck.BLOCKED
        assert self_check([reason, *others]) is SelfCheck.BLOCKED
    assert in_words(reason).startswith(reason)


@given(st.lists(st.sampled_from(KNOWN)), st.sampled_from(KNOWN))
def test_one_more_reason_never_betters_the_lamp(reasons: list[str], more: str) -> None:
    rank = list(SelfCheck)
    assert rank.index(self_check([*reasons, more])) >= rank.index(self_check(reasons))


def test_every_gate_that_may_stand_has_words() -> None:
    from hedgerow.strategy.codes import Gate

    about_one_intent = {"COOLDOWN", "MIN_PRICE_MOVE", "BELOW_MIN_SIZE", "MAX_POSITION", "MAX_NET_DELTA"}
    assert {gate.name for gate in Gate} - about_one_intent <= set(KNOWN)
