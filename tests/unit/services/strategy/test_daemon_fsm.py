"""DaemonFSM: total, never leaves STOPPED, never ends because the broker is away."""

from __future__ import annotations

from itertools import product

import pytest

from services.strategy.domain.daemon_fsm import DaemonState, Surroundings, next_state

ALL_FACTS = [Surroundings(*facts) for facts in product((False, True), repeat=7)]


@pytest.mark.parametrize("state", DaemonState)
def test_every_state_has_an_answer_for_every_fact(state: DaemonState) -> None:
    for facts in ALL_FACTS:
        after = next_state(state, facts)
        if state is DaemonState.STOPPED or facts.stopped:
            assert after is DaemonState.STOPPED
        elif state is DaemonState.STOPPING or facts.stopping:
            assert after is DaemonState.STOPPING
        else:
            assert after not in (DaemonState.STOPPED, DaemonState.STOPPING)


def test_it_only_runs_when_everything_is_known() -> None:
    for facts in ALL_FACTS:
        runs = next_state(DaemonState.CONNECTED, facts) in (DaemonState.RUNNING, DaemonState.RUNNING_SUSPENDED)
        known = facts.started and facts.services_answer and facts.broker_up and facts.synchronised
        assert runs == (known and not facts.stopping and not facts.stopped)


@pytest.mark.parametrize("state", DaemonState)
def test_under_facts_that_stand_it_comes_to_rest(state: DaemonState) -> None:
    for facts in ALL_FACTS:
        reached = next_state(next_state(state, facts), facts)
        assert next_state(reached, facts) is reached


def test_the_way_from_start_to_end() -> None:
    up = Surroundings(True, True, True, True, False, False, False)
    state = DaemonState.IDLE
    way = []
    for facts in (
        up._replace(services_answer=False), up._replace(broker_up=False), up._replace(synchronised=False), up,
        up._replace(suspended=True), up, up._replace(broker_up=False), up, up, up._replace(stopping=True),
        up._replace(stopping=True, stopped=True),
    ):  # fmt: skip
        state = next_state(state, facts)
        way.append(state.value)
    assert way == [
        "CONNECTING", "WAITING_IB", "CONNECTED", "RUNNING", "RUNNING_SUSPENDED", "RUNNING", "WAITING_IB", "CONNECTED",
        "RUNNING", "STOPPING", "STOPPED",
    ]  # fmt: skip
