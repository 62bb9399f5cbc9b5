"""TC-4-R-B1, TC-4-R-B2: two parameter sets over two seeded days, run by the command in a process of its own."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from hedgerow.cli.check.context import Context, other_process
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.strategy.codes import FIRST_BLOCK, BlockReason, Gate
from hedgerow.strategy.gamma_scalper.config import GammaScalperConfig, config_hash, effective_limits
from hedgerow.tape.synth_model import model_days
from hedgerow.tape.writer import write_tape

_FIRST, _DAYS, _SEED = date(2024, 1, 16), 2, 11
_INTERVAL_MS = 60_000
_THRESHOLDS = {"narrow": 25.0, "wide": 300.0}
_PARTS = ("gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")
_RUN = """
import json, sys
from hedgerow.cli.main import app
sockets = []
sys.addaudithook(lambda event, _: sockets.append(event) if event.startswith("socket.") else None)
app(sys.argv[1:], standalone_mode=False)
print(json.dumps(sockets))
"""
"""The command as a user runs it, with every use of a socket told."""


class Runs(NamedTuple):
    """What a run left: its report, its evaluations, what it did with sockets, and what stood in its folder."""

    report: dict[str, Any]
    decisions: list[dict[str, Any]]
    sockets: list[str]
    left: list[str]


def runs(ctx: Context) -> Runs:
    """The run all criteria look at, done once."""
    return ctx.once("backtest", _run)


def _run() -> Runs:
    with TemporaryDirectory() as place:
        folder = Path(place)
        for meta, columns in model_days(_SEED, _FIRST, _DAYS, interval_ms=_INTERVAL_MS):
            write_tape(folder / f"{meta.date}.parquet", meta, columns)
        spec = {
            "tapes": sorted((path.name for path in folder.iterdir()), reverse=True),
            "position": {"contracts": 20},
            "strategies": [
                {"name": name, "account": "SIM0000001", "underlying": {"symbol": "SIMX"},
                 "gates": {"state": {"delta": {"hedge_threshold": shares}}}}
                for name, shares in _THRESHOLDS.items()
            ],
        }  # fmt: skip
        (folder / "spec.yaml").write_text(json.dumps(spec))
        before = set(folder.iterdir())
        told = other_process(
            "-c", _RUN, "backtest", "--plain", "--no-save", "--run-id", "check", "--spec", str(folder / "spec.yaml"),
            "--report-json", str(folder / "report.json"), "--decisions", str(folder / "decisions.parquet"),
        )  # fmt: skip
        report = json.loads((folder / "report.json").read_text())
        rows = pq.read_table(folder / "decisions.parquet").to_pylist()
        left = sorted(path.name for path in set(folder.iterdir()) - before)
    return Runs(report, rows, json.loads(told.splitlines()[-1]), left)


def no_broker_no_order(ctx: Context) -> Result:
    """TC-4-R-B1-1."""
    found = runs(ctx)
    require(not found.sockets, f"the run used sockets: {', '.join(found.sockets[:5])}")
    require(found.left == ["decisions.parquet", "report.json"], f"the run left {', '.join(found.left)}")
    require(found.report["hedges"] > 0, "the run decided no hedge: it shows nothing")
    return holds(f"`hedgerow backtest` opened no socket while it decided {found.report['hedges']} hedges; it left its "
                 "report and its decisions, no order")  # fmt: skip


def in_time_order(ctx: Context) -> Result:
    """TC-4-R-B1-2."""
    found = runs(ctx)
    dates = [tape["date"] for tape in found.report["tapes"]]
    require(len(dates) == _DAYS and dates == sorted(dates), f"the days ran as {', '.join(dates)}")
    for name in _THRESHOLDS:
        times = [row["now"] for row in found.decisions if row["strategy"] == name]
        require(times == sorted(times), f"{name}: an evaluation is earlier than the one before")
        require(all(row["quote_time"] <= row["now"] for row in found.decisions), f"{name} saw a quote of the future")
    return holds(f"two tapes given in the wrong order ran by date; {len(found.decisions)} evaluations never go back "
                 "and see no quote before its time")  # fmt: skip


def profit_and_drawdown(ctx: Context) -> Result:
    """TC-4-R-B1-3."""
    found = runs(ctx)
    for one in (found.report, *found.report["strategies"]):
        pnl = {key: Decimal(repr(value)) for key, value in one["pnl"].items()}
        require(sum(pnl[part] for part in _PARTS) == pnl["total"], f"the parts of {pnl} do not sum to the total")
    sets = found.report["strategies"]
    for one in sets:
        curve = one["equity"]["equity"]
        require(abs(curve[-1] - one["pnl"]["total"]) < 1e-5, f"{one['name']}: the curve ends at {curve[-1]}")
        highest, deepest = 0.0, 0.0
        for value in curve:
            highest = max(highest, value)
            deepest = max(deepest, highest - value)
        require(abs(deepest - one["max_drawdown"]) < 1e-5, f"{one['name']}: drawdown {one['max_drawdown']}, {deepest}")
    require(sets[0]["pnl"] != sets[1]["pnl"], "two parameter sets give one P&L")
    told = "; ".join(f"{one['name']}: {one['pnl']['total']:.2f} USD, drawdown {one['max_drawdown']:.2f}"
                     for one in sets)  # fmt: skip
    return holds(f"P&L whose parts sum to it, a curve that ends at it, its drawdown, compared: {told}")


def gates_recorded(ctx: Context) -> Result:
    """TC-4-R-B1-4."""
    report = runs(ctx).report
    for one in report["strategies"]:
        config = GammaScalperConfig.model_validate(_entry(report, one["name"]))
        require(one["gates"] == config.gates.model_dump(mode="json"), f"{one['name']}: gates are not recorded whole")
        live = config_hash(config, effective_limits(config, _INTERVAL_MS))
        require(one["config_hash"] == live, f"{one['name']}: config_hash is not the live strategy's")
    hashes = {one["config_hash"] for one in report["strategies"]}
    require(len(hashes) == len(_THRESHOLDS), "two parameter sets have one config_hash")
    for key in ("config_hash", "tape_hash", "code_version"):
        require(report[key], f"the report lacks {key}")
    return holds("every gate of both parameter sets, and the config_hash the live strategy carries for it")


def _entry(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in report["spec"]["strategies"] if each["name"] == name)
    return found


def same_code(ctx: Context) -> Result:
    """TC-4-R-B2-1."""
    from hedgerow.backtest.binding import bound  # noqa: PLC0415 - the engine is needed here alone
    from hedgerow.strategy.hosting import load_kernel  # noqa: PLC0415

    live = load_kernel("plain", "gamma_scalper")
    require(bound("gamma_scalper", "plain").run_rows.__globals__["step"] is live.step,
            "the backtest's loop calls another `step` than the daemon")  # fmt: skip
    version = runs(ctx).report["code_version"]
    require(version == live.code_version, f"code_version {version}, the live kernel's is {live.code_version}")
    states = {row["trading_fsm"] for row in runs(ctx).decisions}
    require({"MONITOR", "HEDGING", "NO_TRADE"} & states, f"the machine was only in {', '.join(sorted(states))}")
    return holds(f"the loop calls the daemon's own `step`, code_version {version}; machine states seen: "
                 f"{', '.join(sorted(states))}")  # fmt: skip


def every_tick_explained(ctx: Context) -> Result:
    """TC-4-R-B2-2."""
    found = runs(ctx)
    require(len(found.decisions) == found.report["evaluations"], "an evaluation is missing in the decisions")
    gates = {gate.name for gate in Gate}
    hedged = blocked = 0
    for row in found.decisions:
        where = f"{row['strategy']} evaluation {row['sequence']}"
        if row["hedged"]:
            hedged += 1
            require(row["side"] in ("BUY", "SELL") and row["quantity"] > 0, f"{where}: a hedge without side or size")
            require(row["block_reason"] == "NONE", f"{where}: hedged, and blocked by {row['block_reason']}")
        elif BlockReason[row["block_reason"]] >= FIRST_BLOCK:
            blocked += 1
            require(row["guard"] in gates, f"{where}: blocked by {row['block_reason']}, and no guard is named")
    require(hedged and blocked, f"{hedged} hedges, {blocked} blocks: it shows nothing")
    return holds(f"{len(found.decisions)} evaluations, each with its reason: {hedged} hedged with side and quantity, "
                 f"{blocked} held back with block reason and guard")  # fmt: skip


def counts_per_set(ctx: Context) -> Result:
    """TC-4-R-B2-3."""
    found = runs(ctx)
    told = []
    for one in found.report["strategies"]:
        rows = [row for row in found.decisions if row["strategy"] == one["name"]]
        reasons = Counter(row["block_reason"] for row in rows if BlockReason[row["block_reason"]] >= FIRST_BLOCK)
        require(
            dict(reasons) == one["block_reasons"], f"{one['name']}: {dict(reasons)} counted, {one['block_reasons']}"
        )
        require(one["blocks"] == sum(reasons.values()), f"{one['name']}: {one['blocks']} blocks told")
        require(one["execution"]["orders"] == sum(row["hedged"] for row in rows), f"{one['name']}: orders miscounted")
        require(set(one["guards"]) == {gate.name for gate in Gate}, f"{one['name']}: a guard is not counted")
        told.append(f"{one['name']}: {one['hedges']} hedges, {one['blocks']} blocks ({', '.join(sorted(reasons))})")
    require(told[0].partition(":")[2] != told[1].partition(":")[2], "two parameter sets count alike")
    return holds("; ".join(told))
