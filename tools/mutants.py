"""Plants known bugs one by one in a copy of the source tree and demands that the tests named for each fail."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "tests" / "mutants"
COPIED = ("libs", "services", "gateway", "tests", "tools", "proto", "docs", "pyproject.toml", "buf.yaml", "README.md")
LEFT_OUT = shutil.ignore_patterns("node_modules", "dist", ".hypothesis")  # compiled code stays: it is still current
LIMIT_S = 180.0
"""Wall seconds one mutant's tests may take."""

CAUGHT, SURVIVED, STALE, UNCLEAR = "CAUGHT", "SURVIVED", "STALE", "UNCLEAR"
TESTS_FAILED = 1
"""pytest's exit code when tests ran and some failed: the only one that counts as caught."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug: `old` stands exactly once in `file`, `tests` are the node ids that must fail with `new`."""

    name: str
    promise: int
    bug: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def applies(self) -> bool:
        """Whether its text stands exactly once in the tree as it is now, and would change it."""
        path = ROOT / self.file
        return path.is_file() and path.read_text().count(self.old) == 1 and self.old != self.new


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant; `detail` says why it is not caught, in the last lines of its tests."""

    name: str
    promise: int
    file: str
    outcome: str
    seconds: float
    detail: str = ""


def load(folder: Path = LISTS) -> list[Mutant]:
    """Every mutant of the lists, in order; raises ValueError for a doubled name or a list that is none."""
    found: list[Mutant] = []
    for path in sorted(folder.glob("*.yaml")):
        rows: list[dict[str, Any]] = yaml.safe_load(path.read_text())
        found += [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]
    names = [each.name for each in found]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"mutants of one name: {', '.join(sorted(doubled))}")
    return found


def copy_tree(to: Path) -> Path:
    """The source tree as it stands, without what is built."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=LEFT_OUT)
        elif source.is_file():
            shutil.copy2(source, to / name)
    return to


def run_tests(
    root: Path, tests: Sequence[str], limit_s: float = LIMIT_S, stop_at_first: bool = True
) -> tuple[int, str]:
    """pytest's exit code over these tests in the tree at `root`, and all it printed; -1 when it took too long."""
    paths = os.pathsep.join((str(root / "libs"), str(root)))
    stop = ["-x"] if stop_at_first else []
    command = [sys.executable, "-m", "pytest", "-q", *stop, "--no-header", "--hypothesis-seed=0", *tests]
    try:
        done = subprocess.run(
            command, cwd=root, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=limit_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, f"longer than {limit_s:.0f} s"
    return done.returncode, done.stdout


def tail(printed: str) -> str:
    """The last lines of what pytest printed, for people."""
    return "\n".join(printed.splitlines()[-20:])


def write(path: Path, text: str) -> None:
    """Replaces a module's text and forgets what was compiled of it: told apart by whole seconds and size only."""
    path.write_text(text)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


def judge(mutant: Mutant, root: Path) -> Outcome:
    """Plants one mutant in the tree at `root`, runs its tests, and takes it out again."""
    started = time.monotonic()
    path = root / mutant.file
    text = path.read_text() if path.is_file() else ""
    if text.count(mutant.old) != 1 or mutant.old == mutant.new:
        detail = f"its text does not stand exactly once in {mutant.file}"
        return Outcome(mutant.name, mutant.promise, mutant.file, STALE, 0.0, detail)
    write(path, text.replace(mutant.old, mutant.new))
    try:
        code, printed = run_tests(root, mutant.tests)
    finally:
        write(path, text)
    outcome = {TESTS_FAILED: CAUGHT, 0: SURVIVED}.get(code, UNCLEAR)
    seconds = round(time.monotonic() - started, 1)
    return Outcome(
        mutant.name, mutant.promise, mutant.file, outcome, seconds, "" if outcome == CAUGHT else tail(printed)
    )


def judge_all(mutants: Iterable[Mutant], jobs: int, tell: Any = None) -> list[Outcome]:
    """Each mutant's outcome, in order; `jobs` run side by side, each in a copy of its own."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-mutants-") as folder:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(jobs):
            tree = Path(folder) / f"tree{number}"
            tree.mkdir()
            trees.put(copy_tree(tree))

        def one(mutant: Mutant) -> Outcome:
            tree = trees.get()
            try:
                outcome = judge(mutant, tree)
            finally:
                trees.put(tree)
            if tell is not None:
                tell(outcome)
            return outcome

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, mutants))


def healthy(mutants: Iterable[Mutant]) -> str:
    """Empty when all the named tests pass without a bug: only then does a failure mean anything; else what fails."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with tempfile.TemporaryDirectory(prefix="hedgerow-mutants-") as folder:
        code, printed = run_tests(copy_tree(Path(folder)), tests, 10 * LIMIT_S)
    return "" if code == 0 else tail(printed)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table, or JSON; 1 when a mutant survives, is unclear, or no longer applies, 2 when tests fail as is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="names that hold this; repeatable")
    parser.add_argument("--promise", type=int, help="those of one promise")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--list", action="store_true", help="name them, run nothing")
    options = parser.parse_args(argv)
    mutants = [
        each
        for each in load()
        if (not options.only or any(text in each.name for text in options.only))
        and options.promise in (None, each.promise)
    ]
    if options.list:
        for each in mutants:
            print(f"{each.promise:>2}  {each.name}: {each.bug}")
        return 0
    if not mutants:
        parser.error("no mutant has such a name")
    if broken := healthy(mutants):
        print(f"tests fail without a bug planted:\n{broken}", file=sys.stderr)
        return 2

    def tell(outcome: Outcome) -> None:
        line = f"{outcome.outcome:<9}{outcome.seconds:>6.1f} s  promise {outcome.promise:>2}  {outcome.name}"
        print(line, file=sys.stderr if options.json else sys.stdout, flush=True)

    outcomes = judge_all(mutants, max(1, min(options.jobs, len(mutants))), tell)
    missed = [each for each in outcomes if each.outcome != CAUGHT]
    if options.json:
        print(json.dumps({"ok": not missed, "mutants": [asdict(each) for each in outcomes]}, indent=1))
    else:
        for miss in missed:
            print(f"\n{miss.name} ({miss.file}) {miss.outcome}\n{miss.detail}")
        print(f"\n{len(outcomes) - len(missed)} of {len(outcomes)} planted bugs caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
