"""What a call was refused with."""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.domain.errors import InvalidValue


def refusal(call: Callable[[], object]) -> InvalidValue | None:
    """The InvalidValue the call raises; None when it goes through. Anything else it raises goes on."""
    try:
        call()
    except InvalidValue as error:
        return error
    return None
