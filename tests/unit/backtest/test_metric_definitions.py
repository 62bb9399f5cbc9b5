"""docs/metric-definitions.md and the report say the same, key by key, and its examples come out as written."""

from __future__ import annotations

import doctest
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

from hedgerow.backtest import report
from hedgerow.backtest.metrics import CURVE_POINTS
from hedgerow.backtest.summary import ORDER_ROWS

_HEADING = re.compile(r"^## .*\(`(\w+)`\)$")
_ROW = re.compile(r"^\| (\w+) \|(.*)\|$")


def defined(page: str) -> dict[str, list[str]]:
    """Keys by record, in the page's order; fails on a row without a definition."""
    found: dict[str, list[str]] = {}
    record = ""
    for line in page.splitlines():
        heading, row = _HEADING.match(line), _ROW.match(line)
        if line.startswith("## "):
            record = heading[1] if heading else ""
        elif record and row and row[1] != "key":
            assert row[2].split("|")[1].strip(), f"{record}.{row[1]} has no definition"
            found.setdefault(record, []).append(row[1])
    return found


def test_every_key_of_the_report_is_defined_in_its_order(repo_root: Path) -> None:
    records = {
        name: [field.name for field in fields(kind)]
        for name, kind in vars(report).items()
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == report.__name__
    }
    assert defined((repo_root / "docs" / "metric-definitions.md").read_text()) == records


def test_the_limits_it_names_are_the_codes(repo_root: Path) -> None:
    page = (repo_root / "docs" / "metric-definitions.md").read_text()
    assert f"at most {CURVE_POINTS:,} points" in page
    assert f"The first {ORDER_ROWS:,} per strategy" in page


def test_its_examples_come_out_as_written(repo_root: Path) -> None:
    done = doctest.testfile(str(repo_root / "docs" / "metric-definitions.md"), module_relative=False)
    assert done.attempted > 15
    assert done.failed == 0
