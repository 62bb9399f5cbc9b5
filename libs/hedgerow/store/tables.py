"""The tables of every owner: one MetaData per kind of writing process, and its schema version."""

from __future__ import annotations

import re

import sqlalchemy as sa

from hedgerow.domain.errors import InvalidValue
from hedgerow.store import common_tables
from hedgerow.store.columns import (
    decimal,
    decimal_or_null,
    document,
    flag,
    key,
    real_or_null,
    sequence,
    text,
    whole,
)

_STRATEGY_OWNER = re.compile(r"^strategy-[a-z0-9][a-z0-9_.-]{0,63}$")


def owner_kind(owner: str) -> str:
    """`execution`, `risk`, `portfolio`, `control`, `stats`, or `strategy` for `strategy-<name>`.

    Raises InvalidValue for anything else.
    """
    if owner in METADATA and owner != "strategy":
        return owner
    if _STRATEGY_OWNER.match(owner):
        return "strategy"
    raise InvalidValue("owner", owner, "execution, risk, portfolio, control, stats or strategy-<name>")


def _execution() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    common_tables.operations(metadata)
    common_tables.spans(metadata)
    sa.Table(
        "journal",
        metadata,
        sequence("sequence", counted=False),
        whole("epoch"),
        text("kind"),
        whole("wall_ns"),
        whole("market_ns"),
        # Text, not JSON: the hash chain covers these very characters.
        text("payload"),
        text("prev_hash"),
        text("hash"),
    )
    sa.Table(
        "orders",
        metadata,
        key("client_order_id"),
        text("intent_id", unique=True),
        text("payload_hash"),
        text("strategy"),
        text("account"),
        text("instrument"),
        whole("multiplier"),
        text("side"),
        text("order_type"),
        text("time_in_force"),
        flag("reduce_only"),
        decimal("quantity"),
        decimal_or_null("limit_price"),
        text("order_status"),
        whole("broker_order_id"),
        whole("perm_id"),
        decimal("cum_qty"),
        decimal("leaves_qty"),
        decimal("average_price"),
        text("reason"),
        text("text"),
        whole("decision_sequence"),
        real_or_null("bid"),
        real_or_null("ask"),
        document("intent"),
        document("verdict"),
        whole("sequence"),
        whole("epoch"),
        whole("event_ns"),
        whole("created_ns", index=True),
        whole("updated_ns"),
    )
    sa.Table(
        "fills",
        metadata,
        key("execution_id"),
        text("client_order_id", index=True),
        text("intent_id"),
        text("strategy"),
        text("account"),
        text("instrument"),
        whole("multiplier"),
        text("side"),
        decimal("quantity"),
        decimal("price"),
        decimal_or_null("commission"),
        decimal_or_null("realized_pnl"),
        whole("event_ns", index=True),
        whole("receive_ns"),
        whole("sequence"),
    )
    _positions(metadata, "strategy")
    common_tables.command_acks(metadata)
    return metadata


def _positions(metadata: sa.MetaData, holder: str) -> None:
    """Attributed positions, one row per account, holder and instrument."""
    sa.Table(
        "positions",
        metadata,
        key("account"),
        key(holder),
        key("instrument"),
        whole("multiplier"),
        decimal("quantity"),
        decimal("average_price"),
        decimal("realized_pnl"),
        decimal("commissions"),
        whole("fills"),
        decimal_or_null("last_fill_price"),
        whole("last_fill_ns"),
        whole("sequence"),
        whole("updated_ns"),
    )


def _strategy() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    common_tables.operations(metadata)
    common_tables.spans(metadata)
    facts = ("status_lamp", "daemon_state")
    sa.Table(
        "status_current",
        metadata,
        key("strategy"),
        whole("ts"),
        whole("market_ns"),
        *(text(name) for name in facts),
        real_or_null("spot"),
        real_or_null("net_delta"),
        document("snapshot"),
    )
    sa.Table(
        "status_history",
        metadata,
        sequence("id"),
        text("strategy"),
        whole("ts", index=True),
        whole("market_ns"),
        *(text(name) for name in facts),
        real_or_null("spot"),
        real_or_null("net_delta"),
        document("snapshot"),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "decisions",
        metadata,
        sequence("sequence", counted=False),
        whole("wall_ns", index=True),
        whole("market_ns"),
        text("cause"),
        text("trading_fsm_state"),
        text("hedge_fsm_state"),
        real_or_null("net_delta"),
        real_or_null("spot"),
        text("block_reason"),
        text("intent_id"),
        text("config_hash"),
        text("code_version"),
        document("record"),
    )
    common_tables.command_acks(metadata)
    return metadata


def _control() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    common_tables.operations(metadata)
    sa.Table(
        "commands",
        metadata,
        sequence("sequence"),
        text("command_id", unique=True),
        text("kind"),
        text("strategy", index=True),
        text("run_id"),
        text("actor"),
        text("reason"),
        document("arguments"),
        whole("created_ns"),
        sqlite_autoincrement=True,
    )
    common_tables.command_acks(metadata)
    return metadata


def _risk() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    common_tables.operations(metadata)
    common_tables.spans(metadata)
    sa.Table(
        "verdicts",
        metadata,
        key("intent_id"),
        text("strategy"),
        text("account"),
        text("instrument"),
        flag("allowed"),
        text("reason"),
        document("rules"),
        document("inputs"),
        whole("rule_set_version"),
        text("rule_set_hash"),
        whole("epoch"),
        whole("wall_ns", index=True),
        whole("market_ns"),
        whole("expires_ns"),
    )
    sa.Table(
        "trading_state",
        metadata,
        key("scope"),
        text("trading_state"),
        text("request_id"),
        text("actor"),
        text("reason"),
        whole("wall_ns"),
    )
    # Every request that set it: what makes setting it idempotent, and who did.
    sa.Table(
        "trading_state_requests",
        metadata,
        key("request_id"),
        text("trading_state"),
        text("actor"),
        text("reason"),
        whole("wall_ns"),
    )
    return metadata


def _portfolio() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    common_tables.operations(metadata)
    common_tables.spans(metadata)
    sa.Table(
        "accounts",
        metadata,
        key("account"),
        decimal_or_null("balance"),
        decimal_or_null("net_liquidation"),
        decimal_or_null("buying_power"),
        text("currency"),
        document("broker_values"),
        whole("fetched_ns"),
    )
    _positions(metadata, "owner")
    # The latest revision of each execution, as execution reported it: what the ledger is folded from.
    sa.Table(
        "fills",
        metadata,
        key("execution"),
        whole("revision"),
        text("account"),
        text("strategy"),
        text("instrument"),
        whole("multiplier"),
        text("side"),
        decimal("quantity"),
        decimal("price"),
        decimal_or_null("commission"),
        whole("event_ns"),
        whole("sequence"),
    )
    sa.Table(
        "transfers",
        metadata,
        key("transfer_id"),
        text("request_id", unique=True),
        text("kind"),
        text("account"),
        text("from_owner"),
        text("to_owner"),
        text("instrument"),
        whole("multiplier"),
        decimal("quantity"),
        decimal_or_null("price"),
        text("actor"),
        text("reason"),
        whole("wall_ns"),
        whole("market_ns"),
    )
    sa.Table(
        "marks",
        metadata,
        key("instrument"),
        decimal_or_null("price"),
        real_or_null("bid"),
        real_or_null("ask"),
        text("source"),
        whole("market_ns"),
        whole("wall_ns"),
    )
    return metadata


def _stats() -> sa.MetaData:
    metadata = sa.MetaData()
    common_tables.leases(metadata)
    sa.Table(
        "hedge_days",
        metadata,
        key("day"),
        key("strategy"),
        whole("hedges"),
        whole("fills"),
        whole("denials"),
        decimal("bought_quantity"),
        decimal("sold_quantity"),
        decimal("realized_pnl"),
        decimal("commissions"),
        real_or_null("daily_pnl"),
        whole("updated_ns"),
    )
    # Backtests that were asked of stats; the reports themselves are files.
    sa.Table(
        "backtest_runs",
        metadata,
        key("run_id"),
        text("state"),
        text("spec_path"),
        document("sets"),
        text("error"),
        whole("created_ns", index=True),
        whole("ended_ns"),
        text("config_hash"),
        text("tape_hash"),
        text("code_version"),
        real_or_null("pnl"),
    )
    return metadata


METADATA: dict[str, sa.MetaData] = {
    "execution": _execution(),
    "strategy": _strategy(),
    "control": _control(),
    "risk": _risk(),
    "portfolio": _portfolio(),
    "stats": _stats(),
}

# The newest revision of each migration chain; a test holds it equal to what the folder says.
HEADS: dict[str, str] = {kind: f"{kind}_0001" for kind in METADATA} | {
    "control": "control_0002",
    "execution": "execution_0003",
    "portfolio": "portfolio_0002",
    "risk": "risk_0002",
    "stats": "stats_0002",
    "strategy": "strategy_0002",
}
