"""Execution as it is, except that it is stopped between the first order's commit and its frame, until continued."""

from __future__ import annotations

import os
import signal
import sys

from hedgerow.domain.order import Verdict
from services.execution.domain.gate import Refusal
from services.execution.main import main
from services.execution.submit import Submitter

expired = Submitter._expired
asked: list[Verdict] = []


def stop(submitter: Submitter, verdict: Verdict) -> Refusal | None:
    """Asked once before the commit and once after it."""
    why = expired(submitter, verdict)
    asked.append(verdict)
    if len(asked) == 2:
        os.kill(os.getpid(), signal.SIGSTOP)
    return why


if __name__ == "__main__":
    Submitter._expired = stop  # type: ignore[method-assign]
    sys.exit(main())
