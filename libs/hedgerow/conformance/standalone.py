"""Entry for an environment that has an IB library and nothing of Hedgerow: `python -I standalone.py --client ib_async`.

It makes this folder importable as `hedgerow.conformance`, and nothing beside it.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

if __name__ == "__main__":
    package = types.ModuleType("hedgerow")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["hedgerow"] = package

    from hedgerow.conformance.run import main

    sys.exit(main())
