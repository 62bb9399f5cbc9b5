"""What a handler is: a layout, a function, and the field its errors are addressed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hedgerow.ibsim.messages.layout import Layout
from hedgerow.ibsim.session import Session

Fields = dict[str, str]


class Handler(NamedTuple):
    """How one message id is handled; `req_id` names the field that errors answer to, if any."""

    layout: Layout
    handle: Callable[[Session, Fields], None]
    req_id: str = ""
