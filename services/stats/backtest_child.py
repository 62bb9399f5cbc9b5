"""One backtest in a process of its own, started by stats: the only place where stats and the compiler meet.

Told by one line of JSON on stdin, whose end ends it; tells on stdout, one JSON document a line: `{"say": words}`, and
at the end `{"done": figures}` or `{"refused": why}`. Limits are set before anything is read.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

from hedgerow.domain.errors import HedgerowError
from services.stats.domain import files_named, within


def main() -> int:
    """Runs it; 0 done, 2 refused, anything else crashed."""
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit = int(told["memory_mb"]) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    os.environ["HEDGEROW_HOME"] = told["root"]
    try:
        _tell(done=_run(told))
    except MemoryError:
        _tell(refused=f"it needs more than {told['memory_mb']} MB (stats.backtest_memory_mb)")
        return 2
    except HedgerowError as error:
        _tell(refused=str(error))
        return 2
    return 0


def _end_with_parent() -> None:
    sys.stdin.read()  # nothing more comes: it ends when whoever started us ends
    os._exit(1)


def _run(told: dict[str, Any]) -> dict[str, Any]:
    from hedgerow.backtest import saved  # noqa: PLC0415 - behind it the compiler
    from hedgerow.backtest.report import document, to_bytes  # noqa: PLC0415
    from hedgerow.backtest.run import run_spec  # noqa: PLC0415
    from hedgerow.backtest.spec import STRATEGY_KEYS, Spec, make_spec, spec_tree, with_strategies  # noqa: PLC0415
    from hedgerow.settings_text import apply  # noqa: PLC0415

    folders = [Path(folder) for folder in told["folders"]]
    tree = spec_tree(Path(told["spec"]))
    _check_files(tree, folders)
    tree = with_strategies(tree)
    for item in told["sets"]:
        apply(tree, item, Spec.model_fields, STRATEGY_KEYS)
    _check_files(tree, folders)
    spec = make_spec(tree)
    run = run_spec(spec, told["run_id"], told["mode"], lambda words: _tell(say=words))
    kept = saved.folder_of(told["run_id"])
    kept.mkdir(parents=True, exist_ok=True)
    saved.write_whole(kept / saved.REPORT, to_bytes(document(run.report)), "report")
    report = run.report
    return {
        "config_hash": report.config_hash,
        "tape_hash": report.tape_hash,
        "code_version": report.code_version,
        "pnl": report.pnl.total,
    }


def _check_files(tree: dict[str, Any], folders: list[Path]) -> None:
    """Before anything of it is read: a strategy's file is code."""
    for key, path in files_named(tree):
        within(key, Path(path), folders)


def _tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
