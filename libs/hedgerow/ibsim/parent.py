"""End with the parent process: asked of the kernel, so that even a killed parent leaves nobody behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from hedgerow.domain.errors import FailedPrecondition

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have SIGTERM sent to this process when its parent ends. Raises FailedPrecondition when that is too late.

    Only Linux can do this; elsewhere the one who started us has to end us.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise FailedPrecondition(f"parent: process {parent} is not (or no longer) our parent", "PARENT_GONE")
