"""The body of a command: everything optional, nothing unknown, held to the rules of SendCommand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.command_body import read_command
from hedgerow.domain.command import CommandKind, FlattenTarget, NewCommand
from hedgerow.domain.errors import InvalidValue


def read(kind: CommandKind = CommandKind.PAUSE, body: Any = b"") -> NewCommand:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_command(kind, data, "http 10.0.0.1", lambda name: name or "goog")


def test_an_empty_body_asks_for_the_only_strategy() -> None:
    first, second = read(), read(body={})
    assert (first.kind, first.strategy, first.actor, first.reason) == (CommandKind.PAUSE, "goog", "http 10.0.0.1", "")
    assert first.command_id.startswith("http-")
    assert first.command_id != second.command_id


def test_everything_can_be_said() -> None:
    command = read(body={"strategy": "a", "run_id": "r", "command_id": "c", "actor": "ada", "reason": "why"})
    assert command == NewCommand("c", CommandKind.PAUSE, "a", "r", "ada", "why")


def test_null_is_absent() -> None:
    assert read(body={"actor": None, "reason": None}).actor == "http 10.0.0.1"


@pytest.mark.parametrize(
    ("body", "target", "include"),
    [
        ({}, FlattenTarget.ZERO, False),
        ({"to": "zero", "include_options": True}, FlattenTarget.ZERO, True),
        ({"to": "neutral"}, FlattenTarget.NEUTRAL, False),
    ],
)
def test_a_flatten_has_a_target(body: dict[str, Any], target: FlattenTarget, include: bool) -> None:
    assert read(CommandKind.FLATTEN, body).arguments == {"target": target, "include_options": include}


def test_a_kill_may_name_an_account() -> None:
    assert read(CommandKind.KILL, {"account": "SIM1"}).arguments == {"account": "SIM1"}
    assert read(CommandKind.KILL).arguments == {}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        (CommandKind.PAUSE, {"to": "zero"}, "to"),
        (CommandKind.PAUSE, {"commandId": "x"}, "commandId"),
        (CommandKind.PAUSE, {"reason": ["x"]}, "reason"),
        (CommandKind.PAUSE, {"reason": "\x1b[2J"}, "reason"),
        (CommandKind.PAUSE, {"reason": "x" * 501}, "reason"),
        (CommandKind.PAUSE, {"actor": "\ud800"}, "actor"),
        (CommandKind.PAUSE, "stop", "body"),
        (CommandKind.FLATTEN, {"to": "down"}, "to"),
        (CommandKind.FLATTEN, {"to": ["zero"]}, "to"),
        (CommandKind.FLATTEN, {"include_options": 1}, "include_options"),
    ],
)
def test_a_mistake_is_named(kind: CommandKind, body: Any, field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(kind, body)
    assert caught.value.key == field
