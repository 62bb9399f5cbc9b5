"""What the operator's page shows of a recorded session, read from its store: the same documents the gateway serves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.clock import wall_now
from hedgerow.domain.instrument import parse_instrument_id
from hedgerow.domain.position import Position
from hedgerow.domain.self_check import in_words
from hedgerow.domain.status import StrategyStatus, SystemStatus
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.commands import recent_commands
from hedgerow.store.location import location_of, status_location_of
from hedgerow.store.read import read_decisions, read_history, read_operations, read_rows, read_status
from hedgerow.wire.common import decimal_to_wire, instrument_to_wire, timestamp_to_wire
from hedgerow.wire.control import command_to_wire, history_point_to_wire, operation_to_wire, status_to_wire
from hedgerow.wire.strategy import decision_to_wire

MOST_POINTS = 10_000
MOST_DECISIONS = 1000
MOST_OPERATIONS = 1000
MOST_COMMANDS = 50
_STOPPED = ("STOPPED_BY_OPERATOR",)


def page_data(state: StateDir) -> dict[str, Any]:
    """One JSON tree: status, portfolio, commands, and per strategy history, decisions, operations.

    Messages in their canonical JSON; decisions and operations newest first, history oldest first.
    """
    settings = Settings.read(state.settings_file)
    place = location_of(state, settings)
    snapshots = [_document(row["snapshot"]) for row in read_status(status_location_of(state, settings))]
    return {
        "writtenAt": timestamp_to_wire(_last_heard(snapshots)).ToJsonString(),
        "session": state.root.name,
        "status": _tree(status_to_wire(_status(snapshots, settings.broker.mode.value))),
        "portfolio": _tree(_portfolio(place)),
        "commands": [_tree(command_to_wire(each)) for each in recent_commands(place, limit=MOST_COMMANDS)],
        "strategies": {each["strategy"]: _strategy(state, settings, each["strategy"]) for each in snapshots},
    }


def _strategy(state: StateDir, settings: Settings, name: str) -> dict[str, Any]:
    place = location_of(state, settings)
    decisions = read_decisions(place, name, limit=MOST_POINTS)
    history = read_history(status_location_of(state, settings), name, limit=MOST_POINTS)
    points = [_tree(history_point_to_wire({**row, "snapshot": _document(row["snapshot"])})) for row in history[::-1]]
    points += [_point(row) for row in decisions]
    return {
        "history": sorted(points, key=lambda point: str(point.get("marketTime", ""))),
        "decisions": [_tree(decision_to_wire(each)) for each in _ends_of_runs(decisions)[:MOST_DECISIONS]],
        "operations": [
            _tree(operation_to_wire(row)) for row in read_operations(place, strategy=name, limit=MOST_OPERATIONS).rows
        ],
    }


def _ends_of_runs(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The newest and the oldest of neighbouring decisions that say the same; sequences tell how many lie between."""
    records = [_document(row["record"]) for row in rows]
    said = [(each["trading_fsm_state"], each["block_reason"], each["gates"], each["intent_id"]) for each in records]
    return [
        record
        for index, record in enumerate(records)
        if index in (0, len(records) - 1) or not said[index - 1] == said[index] == said[index + 1]
    ]


def _point(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "marketTime": timestamp_to_wire(row["market_ns"]).ToJsonString(),
        "spot": row["spot"],
        "netDelta": row["net_delta"],
    }


def _status(snapshots: Iterable[Mapping[str, Any]], broker_mode: str) -> SystemStatus:
    """The status as the daemons last wrote it."""
    strategies = tuple(
        StrategyStatus(
            each["strategy"],
            each.get("run_id") or "",
            _STOPPED if each.get("daemon_state") == "STOPPED" else tuple(each.get("block_reasons") or ()),
            each["ts"],
            each,
        )
        for each in snapshots
    )
    reasons = tuple(reason for each in strategies for reason in each.reasons)
    return SystemStatus(
        reasons,
        tuple(in_words(reason) for reason in reasons),
        strategies,
        (),
        broker_mode,
        max((each.heartbeat_ns for each in strategies), default=0),
        max((int(each.snapshot.get("market_ts") or 0) for each in strategies), default=0),
    )


def _portfolio(place: Any) -> portfolio_pb2.GetPortfolioResponse:
    """Accounts and positions at their last marks."""
    marks = {row["instrument"]: row["price"] for row in read_rows(place, "portfolio", "marks")}
    accounts = read_rows(place, "portfolio", "accounts", order=lambda t: [t.c.account])
    positions = read_rows(place, "portfolio", "positions", order=lambda t: [t.c.account, t.c.owner, t.c.instrument])
    return portfolio_pb2.GetPortfolioResponse(
        accounts=[_account(row) for row in accounts],
        positions=[_position(row, marks.get(row["instrument"])) for row in positions],
        accounts_fetch_time=timestamp_to_wire(max((row["fetched_ns"] for row in accounts), default=0)),
    )


def _account(row: Mapping[str, Any]) -> portfolio_pb2.Account:
    money = {
        key: decimal_to_wire(row[key]) for key in ("balance", "net_liquidation", "buying_power") if row[key] is not None
    }
    return portfolio_pb2.Account(
        account=row["account"], currency=row["currency"], fetch_time=timestamp_to_wire(row["fetched_ns"]), **money
    )


def _position(row: Mapping[str, Any], mark: Any) -> portfolio_pb2.Position:
    held = Position(row["quantity"], row["average_price"], row["realized_pnl"])
    message = portfolio_pb2.Position(
        account=row["account"],
        instrument=instrument_to_wire(parse_instrument_id(row["instrument"], row["multiplier"])),
        owner=row["owner"],
        quantity=decimal_to_wire(row["quantity"]),
        average_price=decimal_to_wire(row["average_price"]),
        realized_pnl=decimal_to_wire(row["realized_pnl"]),
        commissions=decimal_to_wire(row["commissions"]),
    )
    if mark is not None:
        message.mark_price.CopyFrom(decimal_to_wire(mark))
        message.unrealized_pnl.CopyFrom(decimal_to_wire(held.unrealized_pnl(mark, row["multiplier"])))
    return message


def _last_heard(snapshots: Iterable[Mapping[str, Any]]) -> int:
    return max((int(each["ts"]) for each in snapshots), default=wall_now())


def _document(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value)


def _tree(message: Message) -> dict[str, Any]:
    return MessageToDict(message)
