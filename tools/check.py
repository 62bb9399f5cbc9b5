"""Lint, types, import layers, contracts and file sizes: everything about the source that needs no test run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import generate

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MAX_LINES = 400
SIZED = ("libs", "services", "gateway", "tests", "tools")
CODE = [name for name in SIZED if (ROOT / name).is_dir()]


def command(title: str, *arguments: str) -> tuple[str, int, str, float]:
    """Runs one check; returns its title, exit code, output and seconds."""
    started = time.monotonic()
    done = subprocess.run([str(BIN / arguments[0]), *arguments[1:]], cwd=ROOT, capture_output=True, text=True)
    return title, done.returncode, done.stdout + done.stderr, time.monotonic() - started


def last_tag() -> str | None:
    """The newest tag reachable from here; None before the first release."""
    done = subprocess.run(["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or None if done.returncode == 0 else None


def sizes() -> tuple[str, int, str, float]:
    """Source files over the limit; generated bindings are not counted."""
    started = time.monotonic()
    long = []
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_pb2" in path.name:
                continue
            lines = len(path.read_text().splitlines())
            if lines > MAX_LINES:
                long.append(f"{path.relative_to(ROOT)}: {lines} lines, the limit is {MAX_LINES}: split it")
    return "file sizes", bool(long), "\n".join(long), time.monotonic() - started


def checks() -> Sequence[tuple[str, ...]]:
    """Title and command of each external check."""
    rows: list[tuple[str, ...]] = [
        ("types", "mypy"),
        ("types: tools", "mypy", *map(str, sorted((ROOT / "tools").glob("*.py")))),
        ("lint", "ruff", "check", *CODE),
        ("format", "ruff", "format", "--check", *CODE),
        ("import layers", "lint-imports"),
        ("bindings", "python", "tools/generate.py", "--check"),
        ("contracts: lint", "buf", "lint"),
    ]
    tag = last_tag()
    if tag:
        rows.append(("contracts: breaking", "buf", "breaking", "--against", f".git#tag={tag},subdir=."))
    return rows


def main() -> None:
    """Runs every check, two at a time; exit 1 when one fails, with its output."""
    generate.third_party()  # buf needs the google protos in place
    with ThreadPoolExecutor(2) as pool:
        results = [*pool.map(lambda row: command(*row), checks()), sizes()]
    for title, code, output, seconds in results:
        print(f"{'ok  ' if code == 0 else 'FAIL'} {title} ({seconds:.1f} s)")
        if code != 0:
            print(output.rstrip())
    sys.exit(any(code != 0 for _, code, _, _ in results))


if __name__ == "__main__":
    main()
