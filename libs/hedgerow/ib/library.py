"""The IB client library that is installed: ib_insync or ib_async, imported when the first connection needs it."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from functools import cache
from importlib.metadata import version
from types import ModuleType

from hedgerow.domain.errors import FailedPrecondition

_CANDIDATES = ("ib_insync", "ib_async")


def _installed() -> str:
    found = [name for name in _CANDIDATES if importlib.util.find_spec(name) is not None]
    return found[0] if len(found) == 1 else ""


CLIENT_NAME = _installed()
"""`ib_insync` or `ib_async`; empty when neither or both are installed (both own the module `eventkit`)."""

CLIENT_VERSION = version(CLIENT_NAME) if CLIENT_NAME else ""
"""Its version."""


@cache
def library() -> ModuleType:
    """The library. Call it first inside the event loop that will own the connections.

    Its event package looks for the thread's loop at import, and outside a running loop makes one of its own.
    Raises FailedPrecondition when not exactly one of the two is installed.
    """
    if not CLIENT_NAME:
        raise FailedPrecondition(
            "install exactly one of ib_insync and ib_async: pip install 'hedgerow[insync]'", "BROKER_CLIENT_MISSING"
        )
    module = importlib.import_module(CLIENT_NAME)
    # Their chatter repeats what we log ourselves; what their decoder swallows stays visible.
    for part in ("client", "ib", "wrapper"):
        logging.getLogger(f"{CLIENT_NAME}.{part}").setLevel(logging.CRITICAL)
    return module
