"""What the checks of phases 2 and 5 make of what was seen: each fault fails the criterion it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.check import controlling, stopping, watching
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.remote_stops import FROM_THE_NETWORK, WHILE_DEAF, WITHOUT_CONTROL, RemoteStop
from hedgerow.cli.check.result import Failed, Result
from hedgerow.cli.check.steering import Flattened, Pause, Steering
from hedgerow.cli.check.walk import Seen, Told, Walk
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

GREEN, YELLOW, RED = Told("green", "ok", ()), Told("yellow", "degraded", ("PAUSED",)), Told("red", "blocked", ("X",))
DEAD = Told("red", "blocked", ("HEARTBEAT_MISSING",))
STATES = (
    Seen("it hedges", GREEN, GREEN, GREEN, 3),
    Seen("paused", YELLOW, YELLOW, YELLOW, 0),
    Seen("broken", RED, RED, RED, 0),
    Seen("dead", DEAD, DEAD, None, 0),
)
STOPPED = ("yellow", ("STOPPED_BY_OPERATOR",), "done: stopped")
STOPS = tuple(
    RemoteStop(kind, "http://192.0.2.9:1", 0.4, 0, "STOPPED", (), *STOPPED)
    for kind in (FROM_THE_NETWORK, WITHOUT_CONTROL, WHILE_DEAF)
)
PAUSE = Pause(
    ("done: paused", "done"), (), 0, 6.0, ("yellow",), ("degraded",), ("PAUSED",), 12, 0.5, 40, ("r1", "r1"),
    ("c", "c"), 3, (),
)  # fmt: skip
MINE, LEG = ("goog", "GOOG"), ("goog", "GOOG C")
OTHERS = {("MANUAL", "GOOG"): Decimal(37), ("check", "GOOG"): Decimal(5), LEG: Decimal(20)}
OPERATIONS = {"COMMAND": 2, "HEDGE_INTENT": 1, "ORDER_SENT": 1, "FILL": 1}
ZERO = Flattened(
    "zero", "POST /control/flatten", "done: flat", {**OTHERS, MINE: Decimal(-80)}, OTHERS, Decimal(0), 80.0,
    Decimal(42), (), (Decimal(-80), Decimal(-30), Decimal(0)), OPERATIONS, 0, ("FLATTENED",),
)  # fmt: skip
NEUTRAL = ZERO._replace(
    target="neutral", after={**OTHERS, MINE: Decimal(-70)}, wanted=Decimal(-70), option_delta=70.2,
    path=(Decimal(-80), Decimal(-70)),
)  # fmt: skip


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context(StateDir(tmp_path), Settings())


def judged(ctx: Context, check: Callable[[Context], Result], shared: dict[str, Any]) -> Result:
    ctx.shared.update(shared)
    return check(ctx)


def walked(*states: Seen, stops: tuple[RemoteStop, ...] = STOPS) -> dict[str, Any]:
    return {"walk": Walk(states or STATES, stops)}


def steered(pause: Pause = PAUSE, zero: Flattened = ZERO, neutral: Flattened = NEUTRAL) -> dict[str, Any]:
    return {"steering": Steering("goog", "GOOG", pause, (zero, neutral))}


WALK_CHECKS = [
    watching.reasons_whenever_blocked, watching.lamp_tells_degraded, watching.lamp_tells_broken,
    stopping.from_the_network, stopping.never_lost,
]  # fmt: skip


@pytest.mark.parametrize("check", WALK_CHECKS)
def test_a_walk_as_it_must_be_holds(ctx: Context, check: Callable[[Context], Result]) -> None:
    assert judged(ctx, check, walked()).ok


@pytest.mark.parametrize(
    ("check", "states", "told"),
    [
        (watching.reasons_whenever_blocked, (STATES[0], STATES[1]._replace(status=YELLOW._replace(reasons=()))),
         "without a reason"),
        (watching.reasons_whenever_blocked, (STATES[0], STATES[1]._replace(orders=1)), "1 orders at the byte tap"),
        (watching.reasons_whenever_blocked, (STATES[0]._replace(orders=0), STATES[1]), "says nothing"),
        (watching.reasons_whenever_blocked, (STATES[0]._replace(status=GREEN._replace(reasons=("X",))),), "and yet X"),
        (watching.lamp_tells_degraded, (STATES[0], STATES[1]._replace(whole=YELLOW._replace(lamp="green"))),
         "lamp green, not yellow"),
        (watching.lamp_tells_broken, (STATES[1], STATES[2]._replace(whole=RED._replace(lamp="yellow"))),
         "lamp yellow, not red"),
        (watching.lamp_tells_broken, (STATES[0], STATES[1]), "not both seen"),
    ],
)  # fmt: skip
def test_a_state_that_tells_wrong_fails(
    ctx: Context, check: Callable[[Context], Result], states: tuple[Seen, ...], told: str
) -> None:
    with pytest.raises(Failed, match=told):
        judged(ctx, check, walked(*states))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"code": None}, "exit code None"),
        ({"code": -9}, "exit code -9"),
        ({"seconds": 9.0}, "took 9.0 s"),
        ({"state": "RUNNING"}, "says RUNNING"),
        ({"new_orders": ("order 7",)}, "order 7"),
        ({"lamp": "red"}, "says red"),
        ({"reasons": ("HEARTBEAT_MISSING",)}, "HEARTBEAT_MISSING"),
        ({"outcome": ""}, "its outcome is ''"),
    ],
)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_stop_that_is_not_clean_fails(ctx: Context, which: int, change: dict[str, Any], told: str) -> None:
    stops = list(STOPS)
    stops[which] = stops[which]._replace(**change)
    check = stopping.from_the_network if which == 0 else stopping.never_lost
    with pytest.raises(Failed, match=told):
        judged(ctx, check, walked(stops=tuple(stops)))


STEERING_CHECKS = [
    controlling.pause_and_resume, controlling.no_hedge_while_paused, controlling.as_if_never_paused,
    controlling.alive_while_paused, controlling.flatten_channels, controlling.stops_then_closes,
    controlling.targets_and_operations, controlling.exposure_is_closed, controlling.others_untouched,
]  # fmt: skip


@pytest.mark.parametrize("check", STEERING_CHECKS)
def test_steering_as_it_must_be_holds(ctx: Context, check: Callable[[Context], Result]) -> None:
    assert judged(ctx, check, steered()).ok


@pytest.mark.parametrize(
    ("check", "change", "told"),
    [
        (controlling.pause_and_resume, {"outcomes": ("done", "refused: NOT_RECONCILED")}, "resume: 'refused"),
        (controlling.pause_and_resume, {"reasons": ()}, "paused, and the reasons are"),
        (controlling.pause_and_resume, {"reasons_after": ("PAUSED",)}, "and yet PAUSED"),
        (controlling.no_hedge_while_paused, {"new_orders": ("order 7",)}, "order 7"),
        (controlling.no_hedge_while_paused, {"resting": 1}, "1 orders rest"),
        (controlling.as_if_never_paused, {"runs": ("r1", "r2")}, "r1 became r2"),
        (controlling.as_if_never_paused, {"configurations": ("a", "b")}, "configuration"),
        (controlling.as_if_never_paused, {"orders_after": 0}, "no order"),
        (controlling.alive_while_paused, {"beats": 2}, "only 2 heartbeats"),
        (controlling.alive_while_paused, {"oldest_s": 4.0}, "4.0 s behind"),
        (controlling.alive_while_paused, {"evaluations": 0}, "nothing was evaluated"),
        (controlling.alive_while_paused, {"lamps": ("yellow", "red")}, "yellow, red"),
        (controlling.alive_while_paused, {"checks": ("blocked",)}, "blocked"),
    ],
)
def test_a_pause_that_is_none_fails(
    ctx: Context, check: Callable[[Context], Result], change: dict[str, Any], told: str
) -> None:
    with pytest.raises(Failed, match=told):
        judged(ctx, check, steered(PAUSE._replace(**change)))


@pytest.mark.parametrize(
    ("check", "change", "told"),
    [
        (controlling.flatten_channels, {"outcome": "blocked: NO_QUOTE"}, "blocked: NO_QUOTE"),
        (controlling.stops_then_closes, {"strange_orders": ("order 7",)}, "order 7"),
        (controlling.stops_then_closes, {"path": (Decimal(-80),)}, "closed nothing"),
        (controlling.stops_then_closes, {"path": (Decimal(-80), Decimal(-90), Decimal(0))}, "-80 became -90"),
        (controlling.stops_then_closes, {"path": (Decimal(-80), Decimal(10), Decimal(0))}, "crossed zero"),
        (controlling.stops_then_closes, {"orders_afterwards": 1}, "1 orders after"),
        (controlling.stops_then_closes, {"reasons": ()}, "the reasons are"),
        (controlling.targets_and_operations, {"after": {**OTHERS, MINE: Decimal(-3)}}, "ended at -3"),
        (controlling.targets_and_operations, {"operations": {"COMMAND": 1}}, "ORDER_SENT, FILL"),
        (controlling.exposure_is_closed, {"after": {**OTHERS, MINE: Decimal(-3)}}, "still shows -3"),
        (controlling.exposure_is_closed, {"broker_shares": Decimal(41)}, "the broker holds 41"),
        (controlling.others_untouched, {"after": {**OTHERS, ("check", "GOOG"): Decimal(4)}}, "moved others"),
        (controlling.others_untouched, {"after": {**OTHERS, LEG: Decimal(0)}}, "moved others"),
    ],
)
def test_a_flatten_that_is_none_fails(
    ctx: Context, check: Callable[[Context], Result], change: dict[str, Any], told: str
) -> None:
    with pytest.raises(Failed, match=told):
        judged(ctx, check, steered(zero=ZERO._replace(**change)))


def test_neutral_must_bring_the_delta_down(ctx: Context) -> None:
    with pytest.raises(Failed, match="shares of delta"):
        judged(ctx, controlling.targets_and_operations, steered(neutral=NEUTRAL._replace(option_delta=100.0)))
