"""Execution as it is, except that it is stopped between the first order's commit and its frame, until continued."""

from __future__ import annotations

import sys

from hedgerow.failpoints import arm
from services.execution.main import main

if __name__ == "__main__":
    arm("submit.committed=stop")
    sys.exit(main())
