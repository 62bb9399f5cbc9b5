"""Reasons beside the lamp: causes, not consequences; a daemon without a gateway is yellow."""

from __future__ import annotations

import pytest

from hedgerow.domain.self_check import DESIGNED_OR_MENDING, FAULTS, SelfCheck, in_words, lamp, self_check
from hedgerow.domain.trading_state import StatusLamp
from services.strategy.domain.daemon_fsm import DaemonState
from services.strategy.domain.reasons import block_reasons, of_execution


def lamp_of(reasons: tuple[str, ...]) -> StatusLamp:
    return lamp(self_check(reasons))


def test_waiting_for_a_gateway_is_yellow() -> None:
    reasons = block_reasons(DaemonState.WAITING_IB, None, enabled=True, delayed=False, refused="")
    assert reasons == ("WAITING_IB",)
    assert lamp_of(reasons) is StatusLamp.YELLOW


@pytest.mark.parametrize("state", [DaemonState.STOPPING, DaemonState.STOPPED])
def test_a_stop_is_yellow_and_alone(state: DaemonState) -> None:
    assert block_reasons(state, None, enabled=True, delayed=True, refused="") == ("STOPPED_BY_OPERATOR",)


def test_a_refused_account_and_delayed_data_are_red() -> None:
    refused = block_reasons(DaemonState.WAITING_IB, None, True, False, "ACCOUNT_MODE_MISMATCH DU1 in mode sim")
    assert lamp_of(refused) is StatusLamp.RED
    assert lamp_of(block_reasons(DaemonState.RUNNING, None, True, True, "")) is StatusLamp.RED


def test_no_reason_is_green_and_an_unlisted_one_is_red() -> None:
    assert lamp_of(()) is StatusLamp.GREEN
    assert lamp_of(("SOMETHING_NEW",)) is StatusLamp.RED


def test_each_listed_reason_has_its_colour_and_its_words() -> None:
    for reason in DESIGNED_OR_MENDING:
        assert self_check([reason]) is SelfCheck.DEGRADED
        assert in_words(reason) != reason
    for reason in FAULTS:
        assert self_check([reason]) is SelfCheck.BLOCKED
        assert self_check(["PAUSED", reason]) is SelfCheck.BLOCKED


def test_what_execution_alone_knows_is_told_to_whom_it_concerns() -> None:
    told = (
        "RESTART_WINDOW: the broker restarts at 23:45 EST", "UNKNOWN_ORDER: hr-1 of scalper in GOOG",
        "UNKNOWN_ORDER: hr-2 of other-scalper in GOOG", "RISK_UNAVAILABLE: risk is not connected",
    )  # fmt: skip
    found = of_execution(told, "scalper")
    assert found == ("RESTART_WINDOW the broker restarts at 23:45 EST", "UNKNOWN_ORDER hr-1 of scalper in GOOG")
    assert lamp_of(found[:1]) is StatusLamp.YELLOW
    assert lamp_of(found) is StatusLamp.RED
