"""What a demo leaves behind: report.json, and the summary a trader reads."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.cli.demo_view import number
from hedgerow.cli.output import console, plain, print_pairs, print_table
from hedgerow.cli.system import System
from hedgerow.domain.errors import FailedPrecondition
from hedgerow.ibsim.admin import admin_call
from hedgerow.store.location import location_of
from hedgerow.store.read import read_fills, read_orders
from hedgerow.strategy.codes import IntentAction
from hedgerow.strategy.names import decision_names
from hedgerow.strategy.session_log import Record, read
from hedgerow.tape.format import Tape

_NEW_YORK = ZoneInfo("America/New_York")
_RPC_TIMEOUT_S = 5.0
_SETTLE_S = 5.0
_POLL_S = 0.1


def build_report(
    system: System, snapshot: dict[str, Any], tape: Tape, wall_seconds: float, admin_port: int
) -> dict[str, Any]:
    """The report: decisions from the session log, orders and fills from execution's store, P&L from portfolio.

    `broker_positions` are the simulated broker's own, `equal_to_broker` says whether portfolio's ledger agrees.
    """
    strategy = system.settings.strategies[0].name
    orders = read_orders(location_of(system.state), strategy)
    fills = read_fills(location_of(system.state), strategy)
    held, broker = _settled(system, admin_port)
    positions = _positions(held, strategy)
    decisions = _decisions(system.state.session_log_dir(strategy))
    sent = [order for order in orders if order["order_status"] != "DENIED"]
    denied = Counter(str(order["reason"]) for order in orders if order["order_status"] == "DENIED")
    meta = tape.meta
    return {
        "symbol": meta.symbol,
        "session": {
            "date": meta.date.isoformat(),
            "open": _new_york(meta.session_open_ns),
            "close": _new_york(meta.session_close_ns),
        },
        "quotes": int(snapshot["counters"]["quotes"]),
        **decisions,
        "orders": len(sent),
        "fills": len(fills),
        "denials": dict(denied),
        "realized_pnl": _total(positions, "realized_pnl"),
        "unrealized_pnl": _total(positions, "unrealized_pnl"),
        "commissions": _total(positions, "commissions"),
        "daily_pnl": snapshot.get("daily_pnl"),
        "positions": positions,
        "broker_positions": broker,
        "equal_to_broker": _equal(held, broker),
        "recoveries": [],
        "status_lamp": snapshot["status_lamp"],
        "block_reasons": snapshot.get("block_reasons", []),
        "client": _client(system),
        "config_hash": snapshot["config_hash"],
        "code_version": snapshot["code_version"],
        "state": str(system.state.root),
        "wall_seconds": round(wall_seconds, 3),
    }


def _decisions(folder: Path) -> dict[str, Any]:
    """Counts and net deltas of the run, from its session log."""
    evaluations = intents = 0
    blocks: Counter[str] = Counter()
    deltas: list[float] = []
    for entry in read(folder):
        if not isinstance(entry, Record):
            continue
        decision = entry.decision
        evaluations += 1
        intents += decision.intent.action == IntentAction.SUBMIT
        names = decision_names(decision)
        if names.blocked:
            blocks[names.block_reason] += 1
        if decision.in_session and decision.option_legs and decision.net_delta - decision.net_delta == 0.0:
            deltas.append(decision.net_delta)
    return {
        "evaluations": evaluations,
        "intents": intents,
        "blocks": dict(blocks),
        "net_delta_start": deltas[0] if deltas else None,
        "net_delta_end": deltas[-1] if deltas else None,
        "max_abs_net_delta": max(map(abs, deltas)) if deltas else None,
    }


def _portfolio(system: System) -> portfolio_pb2.GetPortfolioResponse:
    """What portfolio holds; raises FailedPrecondition unless the account is simulated."""
    endpoint = system.settings.endpoints["portfolio"]
    with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
        stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
        answer: portfolio_pb2.GetPortfolioResponse = stub.GetPortfolio(
            portfolio_pb2.GetPortfolioRequest(), timeout=_RPC_TIMEOUT_S
        )
    real = [account.account for account in answer.accounts if not account.account.startswith("SIM")]
    if real:
        raise FailedPrecondition(f"a demo trades only accounts that start with SIM, not {', '.join(real)}", "NOT_SIM")
    return answer


def _positions(held: portfolio_pb2.GetPortfolioResponse, strategy: str) -> list[dict[str, Any]]:
    """The strategy's positions."""
    return [
        {
            "instrument": position.instrument.instrument_id,
            "owner": position.owner,
            **{key: _decimal(position, key) for key in _FIGURES},
        }
        for position in held.positions
        if position.owner == strategy
    ]


def _settled(system: System, admin_port: int) -> tuple[portfolio_pb2.GetPortfolioResponse, dict[str, float]]:
    """Portfolio and the simulated broker's positions; asked again while a last fill may be on its way."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        held = _portfolio(system)
        told = admin_call(admin_port, "status")["positions"]
        broker = {name: float(quantity) for name, quantity in told.items()}
        if _equal(held, broker) or time.monotonic() > deadline:
            return held, broker
        time.sleep(_POLL_S)


def _equal(held: portfolio_pb2.GetPortfolioResponse, broker: dict[str, float]) -> bool:
    return _ledger(held) == broker and not held.breaks


def _ledger(held: portfolio_pb2.GetPortfolioResponse) -> dict[str, float]:
    """What all owners hold together, instruments nobody holds left out."""
    total: dict[str, float] = {}
    for position in held.positions:
        name = position.instrument.instrument_id
        total[name] = total.get(name, 0.0) + (_decimal(position, "quantity") or 0.0)
    return {name: quantity for name, quantity in total.items() if quantity}


_FIGURES = ("quantity", "average_price", "mark_price", "unrealized_pnl", "realized_pnl", "commissions")


def _decimal(position: portfolio_pb2.Position, key: str) -> float | None:
    text = getattr(position, key).value
    return float(Decimal(text)) if text else None


def _total(positions: list[dict[str, Any]], key: str) -> float:
    return round(sum(position[key] or 0.0 for position in positions), 6)


def _client(system: System) -> str:
    """The IB client library that execution said it runs on."""
    for line in (system.state.logs_dir / "execution.log").read_text().splitlines():
        entry = json.loads(line)
        if entry.get("event") == "broker connected":
            return str(entry["client"])
    return "unknown"


def _new_york(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).astimezone(_NEW_YORK).isoformat()


def write_report(report: dict[str, Any], path: Path) -> None:
    """Writes the report as JSON, atomically."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(report, indent=1, default=plain) + "\n")
    os.replace(part, path)


def print_summary(report: dict[str, Any]) -> None:
    """The session in words and figures."""
    session = report["session"]
    print_pairs(
        f"{report['symbol']} {session['date']}, {session['open'][11:16]} to {session['close'][11:16]} New York",
        {
            "quotes / evaluations": f"{report['quotes']:,} / {report['evaluations']:,}",
            "intents / orders / fills": f"{report['intents']} / {report['orders']} / {report['fills']}",
            "denied by risk": counts(report["denials"]),
            "held back": counts(report["blocks"]),
            "net delta first / last": f"{number(report['net_delta_start'], 1)} / "
            f"{number(report['net_delta_end'], 1)} shares",
            "largest net delta": f"{number(report['max_abs_net_delta'], 1)} shares",
            "P&L realized / unrealized": f"{number(report['realized_pnl'])} / {number(report['unrealized_pnl'])} USD",
            "commissions": f"{number(report['commissions'])} USD",
            "P&L of the session": f"{number(report['daily_pnl'])} USD",
            "positions at the broker": "the same" if report["equal_to_broker"] else "DIFFERENT",
            **({"crashes recovered from": _recovered(report["recoveries"])} if report["recoveries"] else {}),
            "lamp": f"{report['status_lamp']} {', '.join(report['block_reasons'])}",
            "client": report["client"],
            "took": f"{report['wall_seconds']:.1f} s",
        },
    )
    print_table(
        "positions", ["instrument", "quantity", "average", "mark", "unrealized", "realized", "commissions"],
        [(p["instrument"], number(p["quantity"], 0), number(p["average_price"], 4), number(p["mark_price"]),
          number(p["unrealized_pnl"]), number(p["realized_pnl"]), number(p["commissions"]))
         for p in report["positions"]],
    )  # fmt: skip
    console.print(f"store and logs: {report['state']}", markup=False)
    console.print("look again: hedgerow status | operations | stats | replay verify latest")


def _recovered(rows: list[dict[str, Any]]) -> str:
    """`execution after 3.1 s, ...`."""
    return ", ".join(
        f"{row['service']} {'never' if row['rto_s'] is None else 'after {:.1f} s'.format(row['rto_s'])}"
        for row in rows
    )  # fmt: skip


def counts(by_reason: dict[str, int]) -> str:
    """`REASON count, ...`, most frequent first; `none` when empty."""
    ordered = sorted(by_reason.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason} {count:,}" for reason, count in ordered) or "none"
