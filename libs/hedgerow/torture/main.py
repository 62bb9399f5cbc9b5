"""`hedgerow torture`: cases spread over workers, counted, and reported."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hedgerow.failpoints import VARIABLE
from hedgerow.torture.ledger import Ledger
from hedgerow.torture.markdown import commit, page
from hedgerow.torture.nursery import preload
from hedgerow.torture.plan import Group, interleaved, replayed, spread
from hedgerow.torture.points import points
from hedgerow.torture.pool import OnProgress, Tally, run_groups
from hedgerow.torture.registry import Family, families, family_named
from hedgerow.torture.report import Report, report_of

WORKERS_PER_CPU = 2
"""Cases with processes wait more than they work."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was told; `cases` None = the release counts, `minutes` None = as long as it takes."""

    cases: int | None = None
    seed: int = 1
    only: int | None = None
    replay: str = ""
    minutes: float | None = None
    workers: int | None = None
    first_failure: bool = False
    as_json: bool = False
    markdown: Path | None = None
    ledger: Path | None = None


def torture(options: Options) -> Report:
    """Runs the cases; raises InvalidValue for options that name nothing."""
    os.environ.pop(VARIABLE, None)  # processes are armed one by one
    started = time.monotonic()
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # a process that is killed is news to nobody here
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads is not to be forked
    commits = [commit()]
    if options.replay:
        group = replayed(options.replay)
        chosen = [family_named(group.family)]
        tallies = run_groups(iter([group]), 1, processes=_prepare(chosen))
    else:
        chosen = families(options.only)
        counts = spread(chosen, options.cases)
        until = None if options.minutes is None else started + 60 * options.minutes
        workers = options.workers or WORKERS_PER_CPU * (os.cpu_count() or 1)
        show = _quiet if options.as_json or not sys.stderr.isatty() else _show(sum(counts.values()))
        ledger = None if options.ledger is None else Ledger(options.ledger, options.seed, commit())
        todo = interleaved(chosen, counts, options.seed)

        def finished(group: Group, tally: Tally) -> None:
            if ledger is not None:
                ledger.keep(group, tally, time.monotonic() - started)

        tallies = run_groups(
            todo if ledger is None else ledger.still_to_do(todo), workers, processes=_prepare(chosen), until=until,
            first_failure=options.first_failure, progress=show, finished=finished,
        )  # fmt: skip
        if ledger is not None:
            tallies, started = ledger.with_those(tallies), started - ledger.seconds
            commits = [f"{name} ({cases} cases)" for name, cases in ledger.commits.items()]
    return report_of(options.seed, time.monotonic() - started, chosen, tallies, commits)


def main(options: Options) -> int:
    """Runs, prints, and writes the page where asked; 1 when any case failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # processes and folders go with us
    report = torture(options)
    if options.markdown is not None:
        options.markdown.write_text(page(report, families(options.only), _said(options)))
    if options.as_json:
        print(json.dumps(report.document(), indent=1))
    else:
        print("\n".join(report.lines()))
    return 1 if report.failed else 0


def _said(options: Options) -> str:
    """The command as it was given, as far as it decides what is run."""
    words = ["hedgerow torture"]
    for name, value in (("cases", options.cases), ("seed", options.seed), ("only", options.only)):
        words += [] if value is None else [f"--{name} {value}"]
    if options.minutes is not None:
        words.append(f"--minutes {options.minutes:g}")
    return " ".join([*words, f"--markdown docs/{options.markdown.name}" if options.markdown else ""]).strip()


def listed() -> list[str]:
    """Every family with its promise, kind and release count."""
    told = [f"{'promise':>7}  {'kind':<9}{'release':>9}  family"]
    told += [f"{one.promise:>7}  {one.kind.value:<9}{one.release:>9}  {one.name:<24}{one.about}" for one in families()]
    places = points()
    told += ["", f"{len(places)} failpoints (HEDGEROW_FAILPOINTS=name=exit|kill|stop|raise|pause:ms[@nth])"]
    return told + [f"  {place.name:<28}{place.file}:{place.line}  {place.function}" for place in places]


def _prepare(chosen: Sequence[Family]) -> bool:
    """Imports what worlds need, where there are any; whether there are."""
    processes = any(one.needs_world for one in chosen)
    if processes:
        preload()
    return processes


def _quiet(_: dict[str, Tally]) -> None:
    return None


def _show(total: int) -> OnProgress:
    def show(tallies: dict[str, Tally]) -> None:
        cases = sum(tally.cases for tally in tallies.values())
        failures = sum(len(tally.failures) for tally in tallies.values())
        print(f"\r{cases}/{total} cases, {failures} failures ", end="", file=sys.stderr, flush=True)

    return show
