"""Backtest runs: the reports under the state root, and what stats keeps of those it was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hedgerow.domain.backtest_run import Difference, Run, RunState, differences, metric_of, rank, run_of
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.location import Place
from hedgerow.store.read import Row, read_rows

REPORT = "report.json"
FOLDER = "backtests"


def report_path(root: Path, run_id: str) -> Path:
    """Where the report of a run is; raises InvalidValue for a run id that leads elsewhere."""
    if not run_id or run_id in (".", "..") or "/" in run_id or "\0" in run_id:
        raise InvalidValue("run_id", run_id, "the name of a folder in backtests/")
    return root / FOLDER / run_id / REPORT


def read_report(root: Path, run_id: str) -> dict[str, Any]:
    """The report's document; raises NotFound without one, InvalidValue for a damaged one."""
    path = report_path(root, run_id)
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"run {run_id} has no report in {root / FOLDER}") from error
    except (OSError, ValueError) as error:
        raise InvalidValue("report", str(path), "a JSON report of `hedgerow backtest`", "run it again") from error
    if not isinstance(document, dict):
        raise InvalidValue("report", str(path), "a JSON report of `hedgerow backtest`", "run it again")
    return document


def read_run(root: Path, run_id: str) -> Run:
    """The run by its report alone; raises NotFound or InvalidValue."""
    return _run(root, run_id, read_report(root, run_id))


def compared(root: Path, run_a: str, run_b: str) -> tuple[Run, Run, list[Difference]]:
    """Two finished runs and what differs, configuration first; raises NotFound or InvalidValue."""
    a, b = read_report(root, run_a), read_report(root, run_b)
    return _run(root, run_a, a), _run(root, run_b, b), differences(a, b)


def _run(root: Path, run_id: str, report: dict[str, Any]) -> Run:
    return run_of(report, report_path(root, run_id).stat().st_mtime_ns)


def read_runs(root: Path, place: Place | None = None, active: frozenset[str] = frozenset()) -> list[Run]:
    """Every run, newest first: by its report, else by what stats keeps in `place`.

    A run that stats says is at work and that is not among `active` ended with the process that ran it.
    """
    rows = {row["run_id"]: row for row in read_rows(place, "stats", "backtest_runs")} if place is not None else {}
    runs = []
    for path in sorted((root / FOLDER).glob(f"*/{REPORT}")):
        kept = rows.pop(path.parent.name, None)
        try:
            run = run_of(read_report(root, path.parent.name), path.stat().st_mtime_ns)
        except (InvalidValue, NotFound) as error:
            run = Run(path.parent.name, RunState.FAILED, path.stat().st_mtime_ns, error=str(error))
        runs.append(run if kept is None else _kept(kept, active, run))
    runs += [_kept(row, active) for row in rows.values()]
    return sorted(runs, key=lambda run: (run.created_ns, run.run_id), reverse=True)


def _kept(row: Row, active: frozenset[str], report: Run | None = None) -> Run:
    if report is not None and report.state is RunState.DONE:
        return report
    state, error = RunState(row["state"]), row["error"]
    if state is RunState.RUNNING and row["run_id"] not in active:
        state, error = RunState.FAILED, "the process that ran it ended"
    return Run(row["run_id"], state, row["created_ns"], row["ended_ns"], error)


def ranked(runs: list[Run], order_by: str, key: str = "order_by") -> list[Run]:
    """Best first by a metric of all strategies together; as they come for an empty one. Raises InvalidValue."""
    if not order_by:
        return runs
    metric = metric_of(key, order_by)
    return sorted(runs, key=lambda run: rank(metric, run.figures))
