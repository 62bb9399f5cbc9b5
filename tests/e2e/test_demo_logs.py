"""What the processes of a session say of it: one trace through every hop of a hedge, and an orderly end."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from tests.e2e.sessions import Session

HOPS = {
    ("strategy-gamma-scalper", "intent"),
    ("risk", "verdict"),
    ("execution", "intent answered"),
    ("execution", "order event"),
    ("portfolio", "fill booked"),
}


def lines(session: Session, process: str = "*") -> list[dict[str, Any]]:
    logs = sorted((session.root / "logs").glob(f"{process}.log"))
    return [json.loads(line) for log in logs for line in log.read_text().splitlines()]


def test_one_trace_goes_through_every_hop_of_a_hedge(synthetic: Session) -> None:
    hedges: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines(synthetic):
        if "intent_id" in line:
            hedges[line["intent_id"]].append(line)
    filled = {row["intent_id"] for row in synthetic.rows(
        "execution.db", "select distinct o.intent_id from orders o join fills f using (client_order_id)")}  # fmt: skip
    assert filled
    for intent_id in filled:
        group = hedges[intent_id]
        assert len({line["trace_id"] for line in group}) == 1
        assert {(line["process"], line["event"]) for line in group} >= HOPS


def test_strategies_end_before_what_they_lean_on(synthetic: Session) -> None:
    told = lines(synthetic, "strategy-*")
    states = [line["event"] for line in told if line["event"].startswith("[Daemon] state=")]
    begun = [state.removeprefix("[Daemon] state=") for state in states[:4]]
    assert [state for state in begun if state != "WAITING_IB"][:2] == ["CONNECTING", "CONNECTED"]
    assert states[-2:] == ["[Daemon] state=STOPPING", "[Daemon] state=STOPPED"]
    assert states[-3] in ("[Daemon] state=RUNNING", "[Daemon] state=RUNNING_SUSPENDED")
    assert not [line for line in told if line["event"] in ("stream lost", "write failed")]


def test_a_healthy_day_warns_of_nothing(synthetic: Session) -> None:
    assert not [line for line in lines(synthetic) if line["level"] in ("warning", "error")]


def test_every_error_file_is_empty(synthetic: Session) -> None:
    for path in (synthetic.root / "logs").glob("*.err"):
        if path.stem != "ibsim":
            assert path.read_text() == ""


def test_a_straddle_counts_whole_or_not_at_all(synthetic: Session) -> None:
    assert {len(decision["leg_quote_times"]) for decision in synthetic.decisions()} == {0, 2}
