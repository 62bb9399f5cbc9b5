"""Output whose reader goes before the end, as in `hedgerow operations | head -1`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MUCH = """
import sys
from hedgerow.cli import main, output

@main.app.command("much-table")
def table() -> None:
    output.print_table("much", ["a", "b"], [(n, "x" * 50) for n in range(3000)])

@main.app.command("much-json")
def document() -> None:
    output.print_json(list(range(100_000)))

main.main()
"""


@pytest.mark.parametrize("kind", ["table", "json"])
def test_a_reader_that_goes_early_is_no_failure(kind: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it loses writes
    process = subprocess.Popen(
        [sys.executable, "-c", MUCH, f"much-{kind}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 141  # as a process that SIGPIPE ended
