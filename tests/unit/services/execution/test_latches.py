"""Latches as a fold: idempotent, the same whatever was told twice, and after a restart at any point."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.execution.domain.gate import held_back
from services.execution.domain.latches import (
    Latches,
    LatchEvent,
    LatchFact,
    LatchKind,
    fold,
    latch_event,
    latch_payload,
)
from tests.unit.services.execution.samples import intent

STOP, PAUSE, KILL = LatchKind.STOP, LatchKind.PAUSE, LatchKind.KILL
CLIENTS = 4
NAMES, ACCOUNTS, RUNS = ("", "s", "t"), ("", "SIM1", "SIM2"), ("", "r-1", "r-2")


def set_(latch_id: str, kind: LatchKind, strategy: str = "s", account: str = "", run_id: str = "") -> LatchEvent:
    return LatchEvent(LatchFact.SET, latch_id, 1, 1, kind, strategy, account, run_id)


def lifted(latch_id: str, run_id: str = "") -> LatchEvent:
    return LatchEvent(LatchFact.LIFTED, latch_id, 2, 2, run_id=run_id)


def reason(latches: Latches, closing: bool = False, **changes: str) -> str:
    why = held_back(latches, intent(**changes), closing)
    return "" if why is None else why.reason


@pytest.mark.parametrize(
    ("latch", "held", "free"),
    [
        (set_("a", PAUSE), {"run_id": "r-9"}, {"strategy": "t"}),
        (set_("a", PAUSE, account="SIM1"), {}, {"account": "SIM2"}),
        (set_("a", KILL, strategy=""), {"strategy": "t"}, None),
        (set_("a", KILL, strategy="", account="SIM2"), {"account": "SIM2"}, {}),
        (set_("a", STOP, run_id="r-1"), {"run_id": "r-1"}, {"run_id": "r-2"}),
        (set_("a", STOP, run_id="r-1"), {"run_id": ""}, {"run_id": "r-1", "strategy": "t"}),
        (set_("a", STOP), {"run_id": "r-2"}, {"strategy": "t"}),
    ],
)
def test_each_holds_its_scope_and_no_other(
    latch: LatchEvent, held: dict[str, str], free: dict[str, str] | None
) -> None:
    latches = fold([latch])
    assert reason(latches, **held) == {STOP: "STOPPED", PAUSE: "PAUSED", KILL: "KILLED"}[latch.latch]
    assert free is None or reason(latches, **free) == ""


def test_a_flattens_own_order_passes_a_pause_and_a_stop_but_no_kill() -> None:
    latches = fold([set_("a", PAUSE), set_("b", STOP)])
    assert (reason(latches), reason(latches, closing=True)) == ("STOPPED", "")
    latches.apply(set_("c", KILL))
    assert (reason(latches), reason(latches, closing=True)) == ("KILLED", "KILLED")


def test_a_run_that_was_stopped_stays_stopped_and_one_that_took_a_nameless_stop_too() -> None:
    latches = fold([set_("a", STOP, run_id="r-1"), lifted("a"), set_("b", STOP), lifted("b", run_id="r-2")])
    assert [reason(latches, run_id=run) for run in ("r-1", "r-2", "r-3", "")] == ["STOPPED", "STOPPED", "", ""]


def test_what_was_lifted_is_not_set_again_by_the_same_command() -> None:
    latches = fold([set_("a", PAUSE), lifted("a"), set_("a", PAUSE)])
    assert not latches.standing


events = st.builds(
    LatchEvent,
    st.sampled_from(LatchFact), st.sampled_from("abcdef"), st.integers(0, 9), st.integers(0, 9),
    st.sampled_from([STOP, PAUSE, KILL]), st.sampled_from(NAMES), st.sampled_from(ACCOUNTS), st.sampled_from(RUNS),
    st.integers(0, 9), st.sampled_from(["", "anna"]), st.sampled_from(["", "why"]),
)  # fmt: skip


@given(events)
def test_a_fact_is_the_same_after_the_journal(event: LatchEvent) -> None:
    stored = latch_event(event.kind, json.loads(json.dumps(latch_payload(event))))
    assert stored == (event if event.kind is LatchFact.SET else replace(event, latch=STOP))


@given(st.lists(events, max_size=30), st.data())
def test_telling_facts_twice_changes_nothing(told: list[LatchEvent], data: st.DataObject) -> None:
    again = list(told)
    repeated = data.draw(st.lists(st.integers(0, len(told) - 1), max_size=5)) if told else []
    for which in sorted(repeated, reverse=True):  # from the end, so that none comes before its first telling
        again.insert(which + 1, told[which])
    assert probe(fold(again)) == probe(fold(told))


def probe(latches: Latches) -> list[str]:
    """What is held of everything that can be asked."""
    return [
        reason(latches, closing, strategy=strategy, account=account, run_id=run)
        for strategy in NAMES[1:]
        for account in ACCOUNTS[1:]
        for run in RUNS
        for closing in (False, True)
    ]


class Operators(RuleBasedStateMachine):
    """Four clients that set and lift by a few ids, over and over, and a process that restarts at any point.

    The model keeps, apart from the fold, what each id was first used for and whether it stands.
    """

    @initialize()
    def begin(self) -> None:
        self.journal: list[LatchEvent] = []
        self.file: list[LatchEvent] = []
        self.unjournaled: list[LatchEvent] = []
        self.latches = Latches()
        self.first: dict[str, LatchEvent] = {}
        self.gone: set[str] = set()
        self.runs: set[tuple[str, str]] = set()
        self.journal_works = True

    @rule(client=st.integers(1, CLIENTS), event=events.map(lambda each: replace(each, kind=LatchFact.SET)))
    def set(self, client: int, event: LatchEvent) -> None:
        """The same id again, by whoever, is the same latch."""
        self.first.setdefault(event.latch_id, event)
        if event.latch is STOP and event.run_id and self.first[event.latch_id] is event:
            self.runs.add((event.strategy, event.run_id))
        self._record(event)

    @rule(client=st.integers(1, CLIENTS), latch_id=st.sampled_from("abcdef"))
    @precondition(lambda self: self.journal_works)
    def lift(self, client: int, latch_id: str) -> None:
        """Without a journal nothing is lifted."""
        if latch_id in self.first:
            self.gone.add(latch_id)
            self._record(lifted(latch_id))

    def _record(self, event: LatchEvent) -> None:
        if not self.latches.apply(event):
            return
        if self.journal_works:
            self.journal.append(event)
        else:
            self.unjournaled.append(event)
        self.file = [self.first[name] for name in self.latches.standing]

    @rule()
    @precondition(lambda self: self.journal_works)
    def journal_fails(self) -> None:
        self.journal_works = False

    @rule(file_lags=st.booleans())
    def restart(self, file_lags: bool) -> None:
        """From the journal, then the file: which may be from before what the journal took last."""
        self.latches = fold(self.journal)
        if not self.unjournaled and file_lags:
            self.file = [self.first[name] for name in self.first][: len(self.file) + 1]
        for event in self.file:
            if self.latches.apply(event):
                self.journal.append(event)
                self.gone.discard(event.latch_id)
        self.unjournaled.clear()
        self.journal_works = True
        self.file = [self.first[name] for name in self.latches.standing]

    @invariant()
    def what_was_acknowledged_is_held(self) -> None:
        standing = [self.first[name] for name in self.first if name not in self.gone]
        for strategy in NAMES[1:]:
            for account in ACCOUNTS[1:]:
                for run in RUNS:
                    wanted = intent(strategy=strategy, account=account, run_id=run)
                    model = expected(standing, self.runs, strategy, account, run)
                    why = held_back(self.latches, wanted)
                    assert ("" if why is None else why.reason) == model


def expected(standing: Sequence[LatchEvent], runs: set[tuple[str, str]], strategy: str, account: str, run: str) -> str:
    """The model's word: written apart from the fold, from the rules in words."""
    mine = [e for e in standing if e.strategy in ("", strategy) and e.account in ("", account)]
    if any(e.latch is KILL for e in mine):
        return "KILLED"
    if any(e.latch is STOP and ("" in (run, e.run_id) or run == e.run_id) for e in mine):
        return "STOPPED"
    if any(e.latch is PAUSE for e in mine):
        return "PAUSED"
    return "STOPPED" if run and {(strategy, run), ("", run)} & runs else ""


TestOperators = Operators.TestCase
TestOperators.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
