"""The body of POST /control/*: an optional JSON object, every field of it optional."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from gateway.json_text import read_json
from gateway.values import wrong
from hedgerow.api.control.v1 import control_pb2
from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.domain.errors import InvalidValue
from hedgerow.wire.control import command_kind_to_wire, new_command_from_wire

TEXTS = ("strategy", "run_id", "command_id", "actor", "reason")
FLATTEN = ("to", "include_options")
KILL = ("account",)
_TARGETS = {
    "zero": control_pb2.FLATTEN_TARGET_ZERO,
    "neutral": control_pb2.FLATTEN_TARGET_NEUTRAL,
}


def fields_of(kind: CommandKind) -> tuple[str, ...]:
    """What a command of that kind may say."""
    more = {CommandKind.FLATTEN: FLATTEN, CommandKind.KILL: KILL}
    return (*TEXTS, *more.get(kind, ()))


def read_command(kind: CommandKind, body: bytes, actor: str, strategy: Callable[[str], str]) -> NewCommand:
    """The command asked for, held to the rules of SendCommand; raises InvalidValue naming the field.

    Without a command_id it gets one; `actor` is who asks when the body does not say, `strategy` turns the
    name given, or none, into the strategy meant.
    """
    value: dict[str, Any] = _object(body)
    known = fields_of(kind)
    for name, item in value.items():
        if name not in known:
            raise wrong(name, item, f"a known field: {', '.join(known)}")
        if name in (*TEXTS, *KILL) and not isinstance(item, str):
            raise wrong(name, item, "text")
    request = control_pb2.SendCommandRequest(
        command_id=_text(value, "command_id") or f"http-{uuid.uuid4().hex}",
        kind=command_kind_to_wire(kind),
        strategy=strategy(_text(value, "strategy")),
        run_id=_text(value, "run_id"),
        actor=_text(value, "actor") or actor,
        reason=_text(value, "reason"),
        account=_text(value, "account"),
    )
    if kind is CommandKind.FLATTEN:
        request.flatten.CopyFrom(_flatten(value))
    return new_command_from_wire(request)


def _object(body: bytes) -> dict[str, Any]:
    value = read_json(body) if body else {}
    if not isinstance(value, dict):
        raise wrong("body", value, "a JSON object")
    return {name: item for name, item in value.items() if item is not None}


def _text(value: dict[str, Any], name: str) -> str:
    text: str = value.get(name, "")
    if not text.isprintable():
        raise InvalidValue(name, ascii(text)[:64], "printable text")
    return text


def _flatten(value: dict[str, Any]) -> control_pb2.FlattenOptions:
    target, include = value.get("to", "zero"), value.get("include_options", False)
    if not isinstance(target, str) or target not in _TARGETS:
        raise wrong("to", target, f"one of: {', '.join(_TARGETS)}")
    if not isinstance(include, bool):
        raise wrong("include_options", include, "true or false")
    return control_pb2.FlattenOptions(target=_TARGETS[target], include_options=include)
