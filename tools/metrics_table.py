"""Writes docs/metrics.md from the metrics the code declares; `--check` only compares."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "libs")]

from hedgerow.catalog import ENTRIES  # noqa: E402
from hedgerow.telemetry.metrics import DESCRIBED, Described  # noqa: E402

TABLE = ROOT / "docs" / "metrics.md"
EVERYWHERE = {
    "rpc": "every process that speaks gRPC",
    "telemetry": "every process",
    "history": "every process that writes history",
}
"""Metrics named after a library rather than a process."""
NO_METRICS = ("hedgerow.api.", "hedgerow.store.migrations.", "hedgerow.conformance.")
"""Modules that declare none; conformance imports client libraries that are not all installed."""
HEAD = """# Metrics

Every process serves its metrics at `http://HOST:METRICS_PORT/metrics`; `hedgerow up` prints the addresses. This table
is made from the code by `tools/metrics_table.py`; a test holds both equal, and another finds nothing else on a running
system.

Names are `hedgerow_<process>_<what>_<unit>`: base units (seconds, bytes, shares), `_total` for what only grows. A
histogram `X` is served as `X_bucket`, `X_sum` and `X_count`. Besides these every process serves the Prometheus client's
own `process_*` (memory, processor time, open files) and `python_*` (collector, version). `hedgerow replay nightly`, no
process that stays, leaves `hedgerow_replay_*` in `$HEDGEROW_HOME/metrics/replay.prom` for a textfile collector.

| metric | type | labels | served by | what it says |
|---|---|---|---|---|
"""


def declared() -> list[Described]:
    """Every metric of every module, by name."""
    for package in ("hedgerow", "services", "gateway"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not module.name.startswith(NO_METRICS) and not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    return sorted(DESCRIBED)


def process_of(name: str) -> str:
    """The process, or the processes in words, that serve the metric of that name; empty for a misnamed one."""
    rest = name.removeprefix("hedgerow_")
    for process in (*ENTRIES, *EVERYWHERE):
        if rest.startswith(process.replace("-", "_") + "_"):
            return EVERYWHERE.get(process, process)
    return ""


def table(metrics: list[Described]) -> str:
    """docs/metrics.md."""
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} "
        f"| {process_of(each.name)} | {each.documentation} |\n"
        for each in metrics
    ]
    return HEAD + "".join(rows)


def main() -> None:
    """Writes the table; with --check exits 1 when it is out of date."""
    text = table(declared())
    if "--check" not in sys.argv:
        TABLE.write_text(text)
    elif not TABLE.is_file() or TABLE.read_text() != text:
        sys.exit("docs/metrics.md is out of date: run tools/metrics_table.py")


if __name__ == "__main__":
    main()
