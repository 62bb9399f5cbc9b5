"""The page `docs/reliability.md`, made of a run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hedgerow.torture.registry import Family, Kind
from hedgerow.torture.report import Report, replay_command

PROMISES = {
    1: "at most one new-order frame per intent, its row on disk before the first byte",
    2: "no silent loss: every intent ends terminal or UNKNOWN, and UNKNOWN blocks its strategy and symbol",
    3: "an order id is never used twice; a cancel reaches every order of an intent",
    4: "positions are the newest revisions of each execution, per strategy, and equal the broker's",
    5: "after a stop is acknowledged no new order leaves, and the latch survives a crash",
    6: "a command asked twice is carried out once and answered alike",
    7: "a flatten closes what is attributed, never beyond zero, through crashes, and holds afterwards",
    8: "every order joins one risk decision, and limits are reserved atomically",
    9: "one writer: what a stale one sends never reaches the gateway",
    10: "state and its report commit together; readers get each once, in order",
    11: "a disk that fails refuses intents and never delays a cancel",
    12: "nothing acknowledged is lost",
    13: "no order from a quote older than its limit",
    14: "clock jumps extend no lease, freshness or nonce",
    15: "green means that every check is fresh and passing",
    16: "slow readers cost bounded memory; order events are never conflated",
}
KINDS = {
    Kind.PROCESS: "SIGKILL or SIGSTOP of real processes",
    Kind.CRASH: "real processes, files and sockets; ended, failed or cut off at a chosen place",
    Kind.PROPERTY: "pure code, a virtual clock",
}

ELSEWHERE = {
    8: ("tests/property/risk, tests/property/rules", "limits at the edge, racing reservations, hostile numbers"),
    10: ("tests/unit/services/execution/test_commit_exhaustive.py", "every statement of every commit fails once"),
    13: ("tests/unit/services/execution/test_freshness.py", "a clock set back keeps no quote fresh"),
    15: ("tests/unit/services/control/test_domain_exhaustive.py", "all 40,960 combinations of what checks may say"),
    17: ("tests/property/store/test_chain_exhaustive.py", "every edit, deletion, exchange and truncation"),
}
"""Promises that tests of `make test` attack whole, or beside the cases here: where, and what."""


def page(report: Report, chosen: Sequence[Family], command: str) -> str:
    """The whole page."""
    releases: dict[tuple[int, Kind], int] = {}
    for one in chosen:
        releases[(one.promise, one.kind)] = releases.get((one.promise, one.kind), 0) + one.release
    verdict = "no promise was broken" if not report.failed else "promises were broken: see below"
    speed = report.cases / max(report.seconds, 0.001)
    lines = [
        "# Reliability",
        "",
        "Made by a command, not by hand. Every figure is simulated: real processes, sockets, files and signals of this",
        "system, against the simulated gateway of `hedgerow ibsim`, never against a real TWS.",
        "",
        f"    {command}",
        "",
        f"Seed {report.seed}, commit {', '.join(report.commits)}: {report.cases} cases in "
        f"{report.seconds / 60:.1f} minutes ({speed:.1f} cases/s), {verdict} (simulated).",
        "",
        "| promise | | kind | cases | struck | failures | cases of a release |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report.rows:
        release = releases.get((row.promise, row.kind), 0)
        lines.append(
            f"| {row.promise} | {PROMISES.get(row.promise, '')} | {row.kind.value} | {row.cases} | {row.struck} "
            f"| {len(row.failures)} | {release} |"
        )
    lines += ["", "Kinds:", "", *(f"- {kind.value}: {words}" for kind, words in KINDS.items())]
    lines.append(
        "- struck: cases whose fault came to pass; the others ran by a failpoint that their work never reached"
    )
    if report.measured():
        lines += ["", "Measured by the way (simulated, wall time of the machine that ran it):", ""]
        lines += [f"- {each}" for each in report.measured()]
    lines += ["", "## Families", "", "| family | promise | kind | what it does |", "|---|---|---|---|"]
    lines += [f"| {one.name} | {one.promise} | {one.kind.value} | {one.about} |" for one in chosen]
    lines += ["", "Not counted here, in `make test`:", ""]
    lines += [f"- promise {number}: {what} (`{where}`)" for number, (where, what) in ELSEWHERE.items()]
    broken = [failure for row in report.rows for failure in row.failures]
    if broken:
        lines += ["", "## Broken", "", "| case | what was seen |", "|---|---|"]
        lines += [f"| `{replay_command(each)}` | {_first(each.detail)} |" for each in broken]
    lines += [
        "",
        "## What is looked at",
        "",
        "A byte tap between execution and the gateway decodes every frame both ways. At each new-order frame it reads",
        "execution's database by a connection of its own before it lets the frame go on: the row has to be committed,",
        "of this intent, with its order id, payload hash, approval and epoch. After each case the broker's own book is",
        "held against execution's answers and database: statuses, executions, positions. `make torture` runs a",
        "release's counts, `--ledger FILE` keeps what is finished, so that a run may be ended and gone on with;",
        "`hedgerow torture --list` shows families and failpoints; a failure prints the command that brings it back.",
        "",
    ]
    return "\n".join(lines)


def _first(detail: str) -> str:
    return (detail.strip().splitlines() or [""])[0][:200].replace("|", "\\|")


def commit() -> str:
    """The commit of the source this runs from; `unknown` for one that is no checkout."""
    root = Path(__file__).resolve().parents[3]
    command = ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
