"""Verifies every strategy of a session by folding its log again, and shows what came out otherwise."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hedgerow.cli.output import console, print_table, wall_text
from hedgerow.cli.replay_words import decision_line, field_title, in_words, observation_line, sides, tick_document
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.state_dir import StateDir
from hedgerow.strategy.codes import Provenance
from hedgerow.strategy.hosting import Mode
from hedgerow.strategy.replay import RunReport, Tick, VerifyReport, verify
from hedgerow.strategy.session_log import RECORD_SIZE, chunks

COMPILED_FROM = 300_000
"""Decisions from which on folding in plain Python takes longer than compiling first and folding then."""

How = Literal["plain", "compiled", "auto"]


@dataclass(slots=True)
class SessionReport:
    """Every strategy's log of one session folded again."""

    session: str
    strategies: dict[str, VerifyReport] = field(default_factory=dict)
    seconds: float = 0.0
    modes: set[str] = field(default_factory=set)

    @property
    def decisions(self) -> int:
        """Decisions folded again."""
        return sum(report.decisions for report in self.strategies.values())

    @property
    def divergences(self) -> int:
        """Decisions that came out otherwise or whose record was altered."""
        return sum(report.divergences for report in self.strategies.values())

    @property
    def ok(self) -> bool:
        """Whether all of them were folded, and to the same decisions."""
        return all(report.ok for report in self.strategies.values())

    @property
    def first(self) -> tuple[str, Tick] | None:
        """The strategy and tick that diverge first, by market time."""
        found = [(name, report.first) for name, report in self.strategies.items() if report.first is not None]
        return min(found, key=lambda each: each[1].observation.now) if found else None


def log_folders(state: StateDir, strategy: str = "") -> list[Path]:
    """The session's logs, one folder per strategy; raises NotFound without any, InvalidValue for an unknown name."""
    folder = state.session_log_dir("x").parent
    folders = sorted(path for path in folder.glob("*") if path.is_dir() and any(path.glob("chunk-*.log")))
    if not folders:
        raise NotFound(f"{state.root} holds no session log")
    if not strategy:
        return folders
    named = [path for path in folders if path.name == strategy]
    if not named:
        raise InvalidValue("--strategy", strategy, f"one of {', '.join(path.name for path in folders)}")
    return named


def verify_session(state: StateDir, how: How = "auto", strategy: str = "") -> SessionReport:
    """The session folded again; raises SessionLogError when a log is damaged, NotFound when there is none."""
    report = SessionReport(state.root.name)
    for folder in log_folders(state, strategy):
        mode = mode_for(folder) if how == "auto" else how
        began = time.perf_counter()
        report.strategies[folder.name] = verify_log(folder, mode)
        report.seconds += time.perf_counter() - began
        report.modes.add(mode)
    return report


def mode_for(folder: Path) -> Mode:
    """Plain Python for a log it folds sooner than numba compiles."""
    size = sum(path.stat().st_size for path in chunks(folder))
    return "compiled" if size // RECORD_SIZE >= COMPILED_FROM else "plain"


def verify_log(folder: Path, mode: Mode) -> VerifyReport:
    """One strategy's log folded again."""
    if mode == "plain":
        return verify(folder)
    from hedgerow.strategy.replay_compiled import verify_compiled  # noqa: PLC0415 - numba only where it pays

    return verify_compiled(folder)


def session_document(report: SessionReport) -> dict[str, Any]:
    """The report, JSON-ready."""
    first = report.first
    return {
        "session": report.session,
        "ok": report.ok,
        "decisions": report.decisions,
        "divergences": report.divergences,
        "first": None if first is None else {"strategy": first[0], **tick_document(first[1], whole=True)},
        "mode": " and ".join(sorted(report.modes)),
        "seconds": round(report.seconds, 3),
        "decisions_per_second": round(report.decisions / report.seconds) if report.seconds else None,
        "strategies": {
            name: {
                "ok": told.ok,
                "decisions": told.decisions,
                "divergences": told.divergences,
                "gaps": told.gaps,
                "torn_tail": None if told.torn_tail is None else torn_words(told),
                "runs": [
                    {
                        "run_id": run.run_id,
                        "kind": run.kind,
                        "config_hash": run.config_hash,
                        "decisions": run.decisions,
                        "divergences": run.divergences,
                        "gaps": run.gaps,
                        "recorded_code_version": run.recorded_code_version,
                        "code_version": run.code_version or None,
                        "verdict": verdict(run),
                    }
                    for run in told.runs
                ],
            }
            for name, told in report.strategies.items()
        },
    }


def verdict(run: RunReport) -> str:
    """What became of one run, in words."""
    if run.refused:
        return f"refused: {run.refused}"
    code = "" if run.same_code else f" with this code ({run.code_version}), decided by other code"
    return f"{'diverges' if run.divergences else 'verified'}{code}"


def torn_words(report: VerifyReport) -> str:
    """The unfinished record a dead writer left."""
    torn = report.torn_tail
    return "" if torn is None else f"{torn.length} bytes of an unfinished record at the end of {torn.path.name}"


def print_session(report: SessionReport) -> None:
    """Prints one line per run, and both sides of the first divergence."""
    for name, told in report.strategies.items():
        for run in told.runs:
            gaps = f", {run.gaps} gaps in the numbering" if run.gaps else ""
            console.print(
                f"{name} run {run.run_id} ({run.kind}, {run.recorded_code_version}): {run.decisions} decisions, "
                f"{run.divergences} divergences{gaps}: {verdict(run)}",
                markup=False,
            )
        if told.torn_tail is not None:
            console.print(f"{name}: {torn_words(told)}: the writer was ended while it wrote; nothing was decided on it")
    rate = f", {report.decisions / report.seconds:,.0f} a second" if report.seconds else ""
    console.print(
        f"{report.session}: {report.decisions} decisions, {report.divergences} divergences "
        f"({' and '.join(sorted(report.modes))}{rate})"
    )
    if report.first is not None:
        print_divergence(*report.first)


def print_divergence(strategy: str, tick: Tick) -> None:
    """Prints both records side by side; `*` marks what differs, slots without a leg are left out."""
    seen = tick.observation
    console.print(
        f"first divergence: {strategy}, decision {seen.sequence} (number {tick.position} of run {tick.run.run_id}), "
        f"{wall_text(seen.now)}",
        markup=False,
    )
    if not tick.intact:
        console.print("the record's checksum does not hold: it was altered after it was written")
    if not tick.fields:
        console.print("the decision comes out as it is recorded; nothing it depends on was altered")
    console.print(f"seen:     {observation_line(seen)}", markup=False)
    console.print(f"recorded: {decision_line(tick.recorded)}", markup=False)
    console.print(f"replayed: {decision_line(tick.replayed)}", markup=False)
    print_table("decision", ["", "field", "recorded", "replayed"], [
        ("*" if different else " ", field_title(name), in_words(name, old), in_words(name, new))
        for name, old, new, different in sides(tick)
        if different or not _empty_slot(tick, name)
    ])  # fmt: skip


def _empty_slot(tick: Tick, name: str) -> bool:
    if not name.startswith("legs["):
        return False
    index = int(name[5 : name.index("]")])
    return tick.recorded.legs[index].provenance == tick.replayed.legs[index].provenance == Provenance.NONE
