"""What comes before the criteria: configuration, sink interface, store schema, broker link."""

from __future__ import annotations

import sqlalchemy as sa

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.api.market_data.v1 import market_data_pb2, market_data_pb2_grpc
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.cli.check.context import RPC_TIMEOUT_S, STARTING_S, Context, serving
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.clock import ReplayClock
from hedgerow.domain.errors import InvalidValue
from hedgerow.store.engine import open_store
from hedgerow.store.read import owners
from hedgerow.store.status_sink import SNAPSHOT_KEYS, check_snapshot
from hedgerow.store.tables import HEADS, METADATA, owner_kind
from hedgerow.strategy.kit.config import config_hash, effective_limits


def configuration(ctx: Context) -> Result:
    """Every process of settings.json answers, and every daemon runs the configuration written there."""
    away = sorted(set(ctx.settings.endpoints) - set(serving(ctx.settings)))
    require(not away, f"not serving: {', '.join(away)}")
    clock_file = ctx.settings.replay.clock_file
    interval_ms = ReplayClock(clock_file).interval_ns / 1e6 if clock_file is not None else 0.0
    hashes = []
    for name in ctx.strategies:
        strategy = ctx.settings.strategy(name)
        expected = config_hash(strategy, effective_limits(strategy, interval_ms))
        snapshot = ctx.awaited(name)
        require(
            snapshot["config_hash"] == expected,
            f"{name} runs config_hash {snapshot['config_hash'][:12]}, settings.json has {expected[:12]}: restart it",
        )
        hashes.append(f"{name} {expected[:12]}")
    return holds(f"{len(ctx.settings.endpoints)} processes serve; config_hash {', '.join(hashes)}")


def sink_interface(ctx: Context) -> Result:
    """The sink holds a whole snapshot, and its interface refuses one with a key missing."""
    for name in ctx.strategies:
        snapshot = ctx.awaited(name)
        check_snapshot(snapshot)
        for key in SNAPSHOT_KEYS:
            try:
                check_snapshot({k: v for k, v in snapshot.items() if k != key})
            except InvalidValue:
                continue
            require(False, f"the sink takes a snapshot without {key}")
    return holds(f"{len(SNAPSHOT_KEYS)} keys required, {ctx.settings.status.sink or ctx.store}")


def store_schema(ctx: Context) -> Result:
    """Every writing process has its database; each one there is at the newest schema, with every table and column."""
    expected = {"execution", "risk", "portfolio", "control", *(f"strategy-{name}" for name in ctx.strategies)}
    present = set(owners(ctx.store))
    require(expected <= present, f"no database yet: {', '.join(sorted(expected - present))}")
    for owner in sorted(present):
        kind = owner_kind(owner)
        with open_store(ctx.store, owner, read_only=True) as store, store.read() as connection:
            version = connection.exec_driver_sql("select version_num from alembic_version").scalar()
            require(version == HEADS[kind], f"{owner} is at {version}, the newest is {HEADS[kind]}")
            if ctx.store.folder is not None:
                journal_mode = connection.exec_driver_sql("pragma journal_mode").scalar()
                require(journal_mode == "wal", f"{owner}: journal_mode {journal_mode}, not wal")
            inspector = sa.inspect(connection)
            tables = set(inspector.get_table_names())
            for name, table in METADATA[kind].tables.items():
                require(name in tables, f"{owner} has no table {name}")
                columns = {column["name"] for column in inspector.get_columns(name)}
                missing = {column.name for column in table.c} - columns
                require(not missing, f"{owner}: {name} lacks {', '.join(sorted(missing))}")
    return holds(f"{len(present)} databases at their newest schema in {ctx.store}")


def broker_link(ctx: Context) -> Result:
    """Execution, market-data and portfolio are connected, execution is reconciled, every daemon is RUNNING."""
    links = ctx.until(lambda: _ready_links(ctx), STARTING_S, lambda: f"broker link not ready: {_link_states(ctx)}")
    for name in ctx.strategies:
        ctx.await_running(name)
    return holds(f"{links} are READY, execution is reconciled, {ctx.settings.broker.mode.value} mode")


def _links(ctx: Context) -> dict[str, common_pb2.BrokerLink]:
    feed = market_data_pb2_grpc.MarketDataServiceStub(ctx.channel("market-data"))
    accounts = portfolio_pb2_grpc.PortfolioServiceStub(ctx.channel("portfolio"))
    return {
        "market-data": feed.GetFeedHealth(market_data_pb2.GetFeedHealthRequest(), timeout=RPC_TIMEOUT_S).feed.link,
        "execution": execution_state(ctx).link,
        "portfolio": accounts.ListAccounts(portfolio_pb2.ListAccountsRequest(), timeout=RPC_TIMEOUT_S).link,
    }


def _ready_links(ctx: Context) -> str:
    links = _links(ctx)
    ready = all(link.state == common_pb2.LINK_STATE_READY for link in links.values())
    return ", ".join(links) if ready and execution_state(ctx).reconciled else ""


def _link_states(ctx: Context) -> str:
    states = [f"{name} {common_pb2.LinkState.Name(link.state)} {link.reason}" for name, link in _links(ctx).items()]
    return "; ".join(states)


def execution_state(ctx: Context) -> execution_pb2.ExecutionState:
    """Execution's readiness, from the snapshot its report stream begins with."""
    stub = execution_pb2_grpc.ExecutionServiceStub(ctx.channel("execution"))
    request = execution_pb2.StreamExecutionReportsRequest(snapshot=True)
    call = stub.StreamExecutionReports(request, timeout=RPC_TIMEOUT_S)
    try:
        for message in call:
            if message.WhichOneof("event") == "snapshot":
                return message.snapshot.state  # type: ignore[no-any-return]
    finally:
        call.cancel()
    return execution_pb2.ExecutionState()
