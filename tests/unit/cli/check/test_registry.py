"""How one check becomes a result: options, failures in words, parts that do not answer."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.criteria import How
from hedgerow.cli.check.registry import CHECKS, Check, Needs, needs_system, run_check, unserved
from hedgerow.cli.check.result import Failed, Outcome, Result, holds
from hedgerow.domain.errors import Unavailable
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context(StateDir(tmp_path), Settings())


def show_ok(_: Context) -> Result:
    return holds("seen")


def test_a_check_that_shows_its_criterion_holds(ctx: Context) -> None:
    assert run_check(ctx, "x", Check(show_ok, Needs.SYSTEM)) == holds("seen")


@pytest.mark.parametrize("error", [Failed("no row"), Unavailable("no row", "STORE_UNAVAILABLE")])
def test_what_does_not_hold_or_answer_fails_in_words(ctx: Context, error: Exception) -> None:
    def show(_: Context) -> Result:
        raise error

    result = run_check(ctx, "x", Check(show, Needs.SYSTEM))
    assert result.outcome is Outcome.FAILS
    assert "no row" in result.detail


def test_a_process_that_is_away_fails_by_its_status(ctx: Context) -> None:
    def show(_: Context) -> Result:
        with grpc.insecure_channel("127.0.0.1:1") as channel:
            control_pb2_grpc.ControlServiceStub(channel).GetStatus(control_pb2.GetStatusRequest(), timeout=2)
        return holds("never")

    result = run_check(ctx, "x", Check(show, Needs.SYSTEM))
    assert result.outcome is Outcome.FAILS
    assert result.detail.startswith(("UNAVAILABLE", "DEADLINE_EXCEEDED"))


def test_an_answer_that_lacks_a_key_fails_by_its_name(ctx: Context) -> None:
    def show(_: Context) -> Result:
        answer: dict[str, str] = {}
        return holds(answer["status_lamp"])

    result = run_check(ctx, "x", Check(show, Needs.SYSTEM))
    assert (result.outcome, result.detail) == (Outcome.FAILS, "'status_lamp' is missing in an answer")


def test_skip_ib_leaves_out_what_needs_a_broker_and_nothing_else(ctx: Context) -> None:
    ctx.skip_ib = True
    assert run_check(ctx, "x", Check(show_ok, Needs.BROKER)).outcome is Outcome.SKIPPED
    assert run_check(ctx, "x", Check(show_ok, Needs.SYSTEM)).ok


def test_daemons_are_ended_only_when_asked_for(ctx: Context) -> None:
    check = Check(show_ok, Needs.SIGNAL_TEST)
    assert run_check(ctx, "x", check).outcome is Outcome.SKIPPED
    ctx.signal_test = True
    assert run_check(ctx, "x", check).ok


def test_only_the_backtest_needs_no_system() -> None:
    assert [phase for phase in (1, 2, 3, 4, 5) if needs_system(phase)] == [1, 2, 3, 5]


def test_what_tests_or_people_show_is_not_counted_as_missing() -> None:
    assert unserved(How.HAND).outcome is Outcome.SKIPPED
    assert unserved(How.TESTS).outcome is Outcome.SKIPPED
    assert unserved(How.BOTH).outcome is Outcome.SKIPPED
    assert unserved(How.NOT_SERVED).outcome is Outcome.NOT_SERVED


def test_every_check_is_documented_by_its_id() -> None:
    for name, check in CHECKS.items():
        assert (check.show.__doc__ or "").startswith(name)
