"""From a run's columns to its report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest import metrics
from hedgerow.backtest.attribution import (
    NS_PER_YEAR,
    Fills,
    Marks,
    Parts,
    exact_sum,
    leg_vega,
    money,
    parts_of,
    pnl_of,
    summed,
    summed_parts,
)
from hedgerow.backtest.columns import Columns, verdict_of
from hedgerow.backtest.feed import Feed, Leg
from hedgerow.backtest.inputs import hash_of
from hedgerow.backtest.report import (
    VERSION,
    DayReport,
    ExecutionQuality,
    OrderRow,
    Report,
    RuleCount,
    StrategyReport,
    TapeReport,
    Verdicts,
)
from hedgerow.backtest.rule_sets import rule_set
from hedgerow.backtest.spec import Spec
from hedgerow.backtest.timeline import DIMENSIONS, timeline_of
from hedgerow.strategy.codes import FIRST_BLOCK, BlockReason, Gate, Verdict
from hedgerow.strategy.hosting import code_version
from hedgerow.strategy.kinds import sources_of
from hedgerow.strategy.kit.config import config_hash, kind_name
from hedgerow.strategy.observation import OrderPhase
from hedgerow.tape.format import Tape

if TYPE_CHECKING:
    from hedgerow.backtest.run import StrategyRun

ORDER_ROWS = 2_000
"""Most orders listed one by one per strategy; the totals count all."""
_STATE_COLUMNS = {
    "O": "option_state", "D": "delta_state", "M": "market_state", "L": "liquidity_state", "E": "execution_state",
    "S": "system_state",
}  # fmt: skip


def report_of(
    spec: Spec, run_id: str, tapes: dict[str, tuple[Tape, ...]], hashes: dict[str, list[str]],
    runs: tuple[StrategyRun, ...],
) -> Report:  # fmt: skip
    """The report of a run's strategies."""
    each = tuple(strategy_report(run) for run in runs)
    rules = rule_set(spec.rules)
    equity = _together(runs)
    return Report(
        version=VERSION,
        run_id=run_id,
        config_hash=spec.config_hash,
        tape_hash=hash_of([one for symbol in hashes for one in hashes[symbol]]),
        code_version=_version([code_version(sources_of(run.config.kind)) for run in runs]),
        ticks=sum(one.ticks for one in each),
        evaluations=sum(one.evaluations for one in each),
        hedges=sum(one.hedges for one in each),
        fills=sum(one.fills for one in each),
        shares=sum(one.shares for one in each),
        blocks=sum(one.blocks for one in each),
        block_reasons=_added(one.block_reasons for one in each),
        guards=_verdicts_added([one.guards for one in each]),
        rules=_rules_added([one.rules for one in each]),
        rule_set_hash=rules.hash if rules is not None else "",
        pnl=summed([one.pnl for one in each]),
        max_drawdown=metrics.max_drawdown(equity["equity"]),
        returns=metrics.returns_of(metrics.minute_changes(equity["ts"], equity["equity"])),
        execution=_execution([run.result.orders for run in runs]),
        gates={one.name: one.gates for one in each},
        spec=spec.content(),
        tapes=tuple(
            TapeReport(
                tape.meta.symbol, tape.meta.date.isoformat(), tape.meta.source, len(tape), digest, bad_data(tape)
            )
            for symbol, days in tapes.items()
            for tape, digest in zip(days, hashes[symbol], strict=True)
        ),
        days=_days_together([one.days for one in each]),
        equity=metrics.curve_of(**equity),
        strategies=each,
        engine_version=_version([run.result.engine_version for run in runs]),
    )


def strategy_report(run: StrategyRun) -> StrategyReport:
    """The report of one strategy."""
    result, feed = run.result, run.feed
    marks, fills = marks_of(run), fills_of(run)
    parts = parts_of(marks, fills)
    days = _days(run, marks, fills, parts)
    pnls = [each for _, each in days]
    reasons = result.reasons
    blocks = {name: count for name, count in reasons.items() if BlockReason[name] >= FIRST_BLOCK}
    orders = result.orders
    return StrategyReport(
        name=run.config.name,
        kind=kind_name(run.config.kind),
        symbol=feed.symbol,
        config_hash=config_hash(run.config, run.effective),
        tape_hash=run.tape_hash,
        gates=run.config.gates.model_dump(mode="json"),
        effective_limits=run.effective,
        legs=tuple(_leg(leg) for leg in feed.legs),
        ticks=result.counts.ticks,
        evaluations=result.counts.evaluations,
        hedges=int(np.count_nonzero(orders["filled_quantity"] > 0.0)),
        fills=result.counts.fills,
        shares=float(result.fills["quantity"].sum()),
        blocks=sum(blocks.values()),
        block_reasons=blocks,
        idle_reasons={name: count for name, count in reasons.items() if name not in blocks},
        guards=_guards(result.decisions),
        rules=run.judge.counts if run.judge is not None else {},
        pnl=summed([day.pnl for day, _ in days]),
        gamma_parts=summed_parts(pnls),
        max_drawdown=metrics.max_drawdown(marks.equity),
        returns=metrics.returns_of(metrics.minute_changes(marks.ts, marks.equity)),
        execution=_execution([orders]),
        days=tuple(day for day, _ in days),
        equity=metrics.curve_of(marks.ts, marks.equity, marks.spot, marks.net_delta, marks.stock),
        orders=tuple(_order_rows(orders)),
        orders_omitted=max(0, len(orders["number"]) - ORDER_ROWS),
        timeline=timeline_of(
            result.decisions["now"], {name: result.decisions[_STATE_COLUMNS[name]] for name in DIMENSIONS},
            result.decisions["block_reason"], [(day.session_open, day.session_close) for day in feed.days],
        ) if len(result.decisions["now"]) else None,
    )  # fmt: skip


def _version(versions: Sequence[str]) -> str:
    """The version of all, one for those that share it; of several kinds, a hash of theirs."""
    different = list(dict.fromkeys(versions))
    return different[0] if len(different) == 1 else hash_of(different)[:16]


def _leg(leg: Leg) -> dict[str, Any]:
    price = metrics.rounded(leg.average_price)
    return {"instrument": leg.instrument.instrument_id, "contracts": leg.contracts, "average_price": price}


def marks_of(run: StrategyRun) -> Marks:
    """The engine's marks with each leg's vega of the position, USD per 1.00."""
    marks, legs = run.result.marks, run.feed.legs
    greeks = run.config.greeks
    volatility = marks["implied_volatility"][:, : len(legs)]
    vega = np.zeros(volatility.shape)
    for slot, leg in enumerate(legs):
        years = (leg.expiry_close - marks["ts"]) / NS_PER_YEAR
        held = (marks["ts"] >= leg.active_from) & (marks["ts"] < leg.active_to)
        per_share = leg_vega(
            marks["spot"], leg.strike, years, greeks.risk_free_rate, greeks.dividend_yield, volatility[:, slot]
        )
        vega[:, slot] = np.where(held, per_share * leg.contracts * leg.multiplier, 0.0)
    return Marks(
        marks["ts"], marks["spot"], marks["pnl"], marks["stock_quantity"], marks["net_delta"], marks["gamma"],
        marks["theta"], volatility, vega,
    )  # fmt: skip


def fills_of(run: StrategyRun) -> Fills:
    """The engine's fills with the mid each one's order was decided on; where there was none, the mid at the fill."""
    fills, orders = run.result.fills, run.result.orders
    by_number = np.argsort(orders["number"], kind="stable")
    decided = np.full(len(fills["ts"]), np.nan)
    if len(decided):
        decided = orders["decision_mid"][by_number[np.searchsorted(orders["number"][by_number], fills["order"])]]
    mid = np.where(np.isfinite(fills["mid"]), fills["mid"], fills["price"])
    return Fills(
        fills["ts"], fills["side"].astype(np.int64), fills["quantity"], fills["price"], mid,
        np.where(np.isfinite(decided), decided, mid), fills["commission"],
    )  # fmt: skip


def bad_data(tape: Tape) -> dict[str, int]:
    """Defects by kind: those its import counted, and the rows in it that are crossed or lack a side."""
    one_sided = int(np.count_nonzero(np.isnan(tape.bid) | np.isnan(tape.ask)))
    return {**dict(tape.meta.quality), "CROSSED": tape.crossed, "ABSENT_SIDE": one_sided}


def _day_of(feed: Feed, ts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which day of the feed each time belongs to: from its first row until the next one's."""
    starts = np.array([feed.ts[day.first_row] for day in feed.days if day.first_row < len(feed)])
    return np.maximum(np.searchsorted(starts, ts, side="right") - 1, 0)


def _days(run: StrategyRun, marks: Marks, fills: Fills, parts: Parts) -> list[tuple[DayReport, Any]]:
    feed, result = run.feed, run.result
    of_stretch, of_fill = _day_of(feed, parts.ts), _day_of(feed, fills.ts)
    filled = result.orders["filled_quantity"] > 0.0
    of_hedge = _day_of(feed, result.orders["first_fill_ts"][filled])
    of_block = _day_of(feed, result.decisions["now"][result.decisions["block_reason"] >= FIRST_BLOCK])
    of_row = _day_of(feed, feed.ts)
    found = []
    for index, day in enumerate(feed.days):
        first, after = np.searchsorted(of_stretch, (index, index + 1))
        pnl, inside = pnl_of(parts, slice(int(first), int(after)))
        before = marks.equity[first : int(after) + 1]
        found.append(
            (
                DayReport(
                    date=day.date.isoformat(),
                    ticks=int(np.count_nonzero(of_row == index)),
                    hedges=int(np.count_nonzero(of_hedge == index)),
                    fills=int(np.count_nonzero(of_fill == index)),
                    blocks=int(np.count_nonzero(of_block == index)),
                    pnl=pnl,
                    max_drawdown=metrics.max_drawdown(before),
                ),
                inside,
            )
        )
    return found


def _guards(decisions: Columns) -> dict[str, Verdicts]:
    found = {}
    for gate in Gate:
        counted = np.bincount(verdict_of(decisions["verdicts"], gate), minlength=len(Verdict))
        passed, failed, unasked = (int(counted[v]) for v in (Verdict.PASS, Verdict.FAIL, Verdict.NOT_EVALUATED))
        found[gate.name] = Verdicts(passed, failed, unasked)
    return found


def _execution(orders: Sequence[Columns]) -> ExecutionQuality:
    joined = {name: np.concatenate([each[name] for each in orders]) for name in orders[0]}
    return metrics.execution_of(
        submit=joined["submit_ts"], last_fill=joined["last_fill_ts"], side=joined["side"].astype(np.int64),
        quantity=joined["quantity"], filled=joined["filled_quantity"], average=joined["average_price"],
        decision_mid=joined["decision_mid"], arrival_mid=joined["arrival_mid"], status=joined["status"],
    )  # fmt: skip


def _order_rows(orders: Columns) -> Iterable[OrderRow]:
    for row in range(min(len(orders["number"]), ORDER_ROWS)):
        line = {name: column[row].item() for name, column in orders.items()}
        yield OrderRow(
            number=line["number"],
            decided=line["submit_ts"],
            arrived=line["arrive_ts"],
            last_fill=line["last_fill_ts"],
            side="BUY" if line["side"] > 0 else "SELL",
            quantity=line["quantity"],
            limit_price=line["limit_price"],
            decision_mid=metrics.rounded(line["decision_mid"]),
            arrival_mid=metrics.rounded(line["arrival_mid"]),
            filled=line["filled_quantity"],
            average_price=metrics.rounded(line["average_price"]),
            commission=money(line["commission"]),
            status=OrderPhase(line["status"]).name,
        )


def _together(runs: tuple[StrategyRun, ...]) -> dict[str, Any]:
    """The course of all strategies: sums at every moment one of them was marked; the spot only where it is one."""
    marks = [run.result.marks for run in runs]
    course = metrics.together(marks, ("pnl", "net_delta", "stock_quantity"))
    ts, spot = course["ts"], np.full(len(course["ts"]), np.nan)
    most = max(marks, key=lambda each: len(each["ts"]))
    if len({run.feed.symbol for run in runs}) == 1 and len(most["ts"]):
        own = len(runs) == 1
        spot = most["spot"] if own else most["spot"][np.maximum(np.searchsorted(most["ts"], ts, side="right") - 1, 0)]
    return {
        "ts": ts, "equity": course["pnl"], "spot": spot, "net_delta": course["net_delta"],
        "stock": course["stock_quantity"],
    }  # fmt: skip


def _days_together(days: list[tuple[DayReport, ...]]) -> tuple[DayReport, ...]:
    """Each date over all strategies; its drawdown is the sum of theirs, the most it can have been."""
    dates = sorted({day.date for each in days for day in each})
    found = []
    for date in dates:
        of_date = [day for each in days for day in each if day.date == date]
        found.append(
            DayReport(
                date=date,
                ticks=sum(day.ticks for day in of_date),
                hedges=sum(day.hedges for day in of_date),
                fills=sum(day.fills for day in of_date),
                blocks=sum(day.blocks for day in of_date),
                pnl=summed([day.pnl for day in of_date]),
                max_drawdown=exact_sum(day.max_drawdown for day in of_date),
            )
        )
    return tuple(found)


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total


def _verdicts_added(each: Sequence[dict[str, Verdicts]]) -> dict[str, Verdicts]:
    return {
        name: Verdicts(
            sum(one[name].passed for one in each), sum(one[name].failed for one in each),
            sum(one[name].not_evaluated for one in each),
        )
        for name in each[0]
    }  # fmt: skip


def _rules_added(each: Sequence[dict[str, RuleCount]]) -> dict[str, RuleCount]:
    return {
        name: RuleCount(sum(one[name].allowed for one in each), sum(one[name].denied for one in each))
        for name in each[0]
    }
