"""Responses that are encoded already: a fan-out encodes a message once and hands the bytes to every reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def accept_encoded(serializer: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """A response serializer that passes bytes through and encodes messages with `serializer`.

    Every server stream of an RpcServer has it: a handler may yield either.
    """

    def serialize(response: Any) -> bytes:
        return response if type(response) is bytes else serializer(response)

    return serialize
