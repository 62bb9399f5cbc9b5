"""Intents, verdicts and books for the tests of execution."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, Side, TimeInForce, Verdict
from services.execution.domain import commands as c
from services.execution.domain.gate import Readiness
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Entry, Ledger

NAME = "hr-00000000000000000000"


def intent(number: int = 1, quantity: int = 10, side: Side = Side.BUY, **changes: Any) -> Intent:
    """A market order in GOOG."""
    made = Intent(
        intent_id=f"i-{number}", strategy="s", account="SIM1", instrument=stock("GOOG"), side=side,
        quantity=Decimal(quantity), order_type=OrderType.MARKET, limit_price=None, time_in_force=TimeInForce.DAY,
        reduce_only=False, decision_sequence=number, reason="HEDGE_NEEDED", bid=99.0, ask=101.0, quote_time=1,
        quote_age_ms=0.0, created_at=1,
    )  # fmt: skip
    return replace(made, **changes)


def allow(wanted: Intent) -> Verdict:
    """Risk's approval."""
    return Verdict(wanted.intent_id, True, "", (), 1, "hash", 1, 10**18)


def admit(ledger: Ledger, wanted: Intent, number: int = 1) -> str:
    """The intent in the book; its client_order_id."""
    ledger.handle(c.Admit(wanted, allow(wanted), number, 1, 1, 1))
    return client_order_id_of(wanted)


def fill(ledger: Ledger, name: str, quantity: int, price: str = "100", execution: str = "e.1.01") -> list[Entry]:
    """One execution of the order."""
    return ledger.handle(c.RecordFill(name, Fill(execution, Decimal(quantity), Decimal(price), None, None, 5), 7, 5, 5))


def ready(**changes: Any) -> Readiness:
    """Surroundings in which everything holds."""
    whole = Readiness(
        closing=False, link_ready=True, link_reason="", reconciled=True, journal_ok=True, lease_ok=True,
        account_refusal="", quote_age_ms=0.0, quote_limit_ms=5000.0,
    )  # fmt: skip
    return replace(whole, **changes)
