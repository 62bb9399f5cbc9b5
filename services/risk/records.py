"""risk.db: verdicts with their inputs, the trading state, and the requests that set it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.order import OrderCheck, OrderType, RuleVerdict, Side, Verdict
from hedgerow.domain.trace_context import parse
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import Exposure, RiskFacts
from hedgerow.store.engine import Store
from hedgerow.store.spans import Keeping, SpanStore
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import within
from services.risk.domain.desk import Answered, Moment
from services.risk.ports import StateRequest

SCOPE = "all"
"""The one scope a trading state has yet: every account and strategy."""
LINGER_S = 0.02
"""Verdicts wait so long for others: the order they allow is being journaled on the same disk."""


class RiskRecords:
    """Reads at the start, and writes through a writer thread from then on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writer = AsyncWriter(store, linger_s=LINGER_S)
        self._failed = ""
        self._spans: SpanStore | None = None

    def keep_spans(self, keeping: Keeping) -> None:
        """Keeps spans of hedges from now on."""
        self._spans = SpanStore(self._store, self._writer.write, keeping)

    def trading_state(self) -> TradingState:
        """The state in force when risk last ended; ACTIVE before anyone set one."""
        table = self._store.table("trading_state")
        with self._store.read() as connection:
            row = connection.execute(sa.select(table.c.trading_state).where(table.c.scope == SCOPE)).first()
        return TradingState.ACTIVE if row is None else TradingState(row.trading_state)

    def state_requests(self) -> list[StateRequest]:
        """Every request that set the trading state."""
        table = self._store.table("trading_state_requests")
        with self._store.read() as connection:
            rows = connection.execute(sa.select(table)).all()
        return [
            StateRequest(row.request_id, TradingState(row.trading_state), row.actor, row.reason, row.wall_ns)
            for row in rows
        ]

    def rule_set_version(self, rule_set_hash: str) -> int:
        """The version of a rule set: that of the newest verdict if its rules were the same, else one higher."""
        table = self._store.table("verdicts")
        query = sa.select(table.c.rule_set_version, table.c.rule_set_hash).where(table.c.rule_set_version > 0)
        with self._store.read() as connection:
            same = connection.execute(query.where(table.c.rule_set_hash == rule_set_hash).limit(1)).first()
            highest = connection.execute(sa.select(sa.func.max(table.c.rule_set_version))).scalar() or 0
        return int(same.rule_set_version) if same is not None else int(highest) + 1

    def recent_answers(self, limit: int) -> list[Answered]:
        """The newest verdicts, oldest first; their moments carry wall time only."""
        table = self._store.table("verdicts")
        query = sa.select(table).order_by(table.c.wall_ns.desc()).limit(limit)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return [_answered(row) for row in reversed(rows)]

    def write_answers(self, answers: Sequence[Answered]) -> None:
        """Queues verdicts and logs each; a failing disk is logged once, execution's journal has the verdict as well."""
        self._writer.write(list(_rows(answers))).add_done_callback(self._tell_failure)
        for each in answers:
            check, verdict = each.check, each.verdict
            with within(parse(check.traceparent)):
                get_logger().info(
                    "verdict", intent_id=check.intent_id, strategy=check.strategy, allowed=verdict.allowed,
                    reason=verdict.reason, rule_set_version=verdict.rule_set_version,
                )  # fmt: skip

    def _tell_failure(self, written: asyncio.Future[None]) -> None:
        """Logs a failing disk once, and once more when it is mended."""
        error = None if written.cancelled() else written.exception()
        failure = "" if error is None else str(error)
        if failure != self._failed:
            self._failed = failure
            get_logger().error("verdicts cannot be written", cause=failure or "mended")

    async def write_state(self, request: StateRequest) -> None:
        """The state in force and the request that set it, in one commit."""
        values = {
            "trading_state": request.trading_state,
            "request_id": request.request_id,
            "actor": request.actor,
            "reason": request.reason,
            "wall_ns": request.wall_ns,
        }
        await self._writer.write(
            [
                Write("trading_state_requests", values),
                Write("trading_state", {"scope": SCOPE, **values}, WriteMode.UPSERT),
            ]
        )

    async def close(self) -> None:
        """Writes what is queued and closes the database."""
        if self._spans is not None:
            await self._spans.close()
        await self._writer.close()
        self._store.close()


def _rows(answers: Sequence[Answered]) -> Iterator[Write]:
    for each in answers:
        check, verdict = each.check, each.verdict
        values = {
            "intent_id": check.intent_id,
            "strategy": check.strategy,
            "account": check.account,
            "instrument": check.instrument.instrument_id,
            "allowed": verdict.allowed,
            "reason": verdict.reason,
            "rules": [[rule.rule, rule.allowed, rule.reason, rule.detail] for rule in verdict.rules],
            "inputs": {"check": _check_document(check), "facts": _facts_document(each.facts)},
            "rule_set_version": verdict.rule_set_version,
            "rule_set_hash": verdict.rule_set_hash,
            "epoch": verdict.epoch,
            "wall_ns": each.moment.wall_ns,
            "market_ns": check.created_at,
            "expires_ns": verdict.expires_at,
        }
        yield Write("verdicts", values, WriteMode.IGNORE)


def _answered(row: Any) -> Answered:
    rules = tuple(RuleVerdict(*rule) for rule in row.rules)
    verdict = Verdict(
        row.intent_id,
        row.allowed,
        row.reason,
        rules,
        row.rule_set_version,
        row.rule_set_hash,
        row.epoch,
        row.expires_ns,
    )
    inputs = row.inputs
    return Answered(_check(inputs["check"]), _facts(inputs["facts"]), verdict, Moment(row.wall_ns, 0))


def _check_document(check: OrderCheck) -> dict[str, Any]:
    document = {item.name: getattr(check, item.name) for item in fields(check)}
    document["instrument"] = [check.instrument.instrument_id, check.instrument.multiplier]
    return document


def _check(document: dict[str, Any]) -> OrderCheck:
    limit = document["limit_price"]
    return OrderCheck(
        **{
            **document,
            "instrument": parse_instrument_id(*document["instrument"]),
            "side": Side(document["side"]),
            "quantity": Decimal(document["quantity"]),
            "order_type": OrderType(document["order_type"]),
            "limit_price": None if limit is None else Decimal(limit),
        }
    )


def _facts_document(facts: RiskFacts | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    own, account = facts.strategy_exposure, facts.account_exposure
    return {
        "trading_state": facts.trading_state,
        "strategy_exposure": [own.position, own.reserved_buy, own.reserved_sell],
        "account_exposure": [account.position, account.reserved_buy, account.reserved_sell],
        "recent_orders": facts.recent_orders,
    }


def _facts(document: dict[str, Any] | None) -> RiskFacts | None:
    if document is None:
        return None
    return RiskFacts(
        TradingState(document["trading_state"]),
        Exposure(*map(Decimal, document["strategy_exposure"])),
        Exposure(*map(Decimal, document["account_exposure"])),
        document["recent_orders"],
    )
