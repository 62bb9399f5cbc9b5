"""The report's page: one HTML text with its style and script inside, the same bytes for the same report."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from importlib import resources

from hedgerow.backtest.html import tables
from hedgerow.backtest.html.course import course, course_table, drawn
from hedgerow.backtest.html.figures import NOTHING, number, percent, signed, tone
from hedgerow.backtest.html.markup import Content, Html, markup, tag
from hedgerow.backtest.html.panels import comparison, hedges_per_hour, slippage
from hedgerow.backtest.html.states import held_table, state_table
from hedgerow.backtest.report import Report, StrategyReport

_SPRITES = Html(
    '<svg class="sprites" aria-hidden="true"><defs>'
    '<path id="mark-buy" d="M0 3L6 14L-6 14Z"/><path id="mark-sell" d="M0 -3L6 -14L-6 -14Z"/>'
    '<circle id="mark-dot" r="3"/><circle id="mark-ring" r="3.6"/></defs></svg>'
)


def render(report: Report) -> str:
    """The whole page of a report."""
    title = f"Backtest {report.run_id}" if report.run_id else "Backtest"
    report = replace(report, strategies=tuple(drawn(each) for each in report.strategies))
    several = len(report.strategies) > 1
    return document(
        title,
        _header(report),
        tag(
            "main", _facts(report), comparison(report.strategies) if several else None,
            *(_strategy(each, index, several) for index, each in enumerate(report.strategies)),
            _days(report), _provenance(report),
        ),
    )  # fmt: skip


def document(title: str, *body: Content) -> str:
    """A page with our style and script inside, which may ask nobody for anything and run nothing else."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'"
    head = markup(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    )
    end = Html(f"<script>{script}</script>")
    return f'<!doctype html>\n<html lang="en">\n{tag("head", head)}\n{tag("body", _SPRITES, *body, end)}\n</html>\n'


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _header(report: Report) -> Html:
    symbols = ", ".join(sorted({each.symbol for each in report.tapes}))
    dates = sorted({each.date for each in report.tapes})
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}, {len(dates)} days" if dates else ""
    run = tag("p", "run ", tag("code", report.run_id or NOTHING), class_="run")
    names = ", ".join(each.name for each in report.strategies)
    return tag("header", tag("div", tag("h1", f"Backtest of {symbols}, {span}"), tag("p", names), run))


def _facts(report: Report) -> Html:
    quality, pnl = report.execution, report.pnl
    per_share = quality.decision_slippage_per_share
    share = report.blocks / report.evaluations if report.evaluations else None
    after = "USD, all strategies" if len(report.strategies) > 1 else "USD, after all costs"
    facts: list[tuple[str, str, str, str | None]] = [
        ("P&L", signed(pnl.total), after, tone(pnl.total)),
        ("Max drawdown", number(report.max_drawdown), "USD, from the highest P&L", None),
        ("Gamma against theta", signed(pnl.gamma + pnl.theta), f"{signed(pnl.gamma)} and {signed(pnl.theta)}",
         tone(pnl.gamma + pnl.theta)),
        ("Costs", signed(pnl.hedging_cost + pnl.slippage + pnl.commissions), "hedging, slippage, commissions", None),
        ("Hedges", number(report.hedges, 0), f"{number(report.fills, 0)} fills, {number(report.shares, 0)} shares",
         None),
        ("Slippage", NOTHING if per_share is None else f"{signed(per_share * 100.0)} ¢",
         "per share, against decision mid", None),
        ("Held back", number(report.blocks, 0), f"evaluations, {percent(share)} of them", None),
        ("Ticks", number(report.ticks, 0), f"{number(report.evaluations, 0)} evaluations", None),
    ]  # fmt: skip
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", tag("span", value, data_tone=colour), tag("p", note, class_="note")))
            for name, value, note, colour in facts
        ),
        class_="facts",
    )  # fmt: skip


def _strategy(strategy: StrategyReport, index: int, several: bool) -> Html:
    heading = tag("h2", strategy.name, " ", tag("small", f"{strategy.kind} on {strategy.symbol}"), class_="title")
    failed = {name: float(verdicts.failed) for name, verdicts in strategy.guards.items()}
    left = tag(
        "div",
        course(strategy),
        _panel("Composite state, share of evaluations in session", state_table(strategy.timeline))
        if strategy.timeline else None,
        _folded("The course as a table", course_table(strategy)),
        _panel("Option position", tables.legs(strategy)) if strategy.legs else None,
        _folded(f"Orders ({number(len(strategy.orders) + strategy.orders_omitted, 0)})", tables.orders(strategy)),
        class_="column",
    )  # fmt: skip
    right = tag(
        "div",
        _panel("Where the P&L came from, USD", tables.waterfall(strategy.pnl), tables.gamma_parts(strategy),
               tables.returns(strategy)),
        _panel("Execution quality", tables.execution(strategy), slippage(strategy)),
        hedges_per_hour(strategy),
        _panel("What held hedges back, evaluations", tables.bars(_floats(strategy.block_reasons), "blocked")),
        _folded(f"Stretches held back ({number(len(strategy.timeline.blocked), 0)})", held_table(strategy.timeline))
        if strategy.timeline else None,
        _folded("Gates that failed, evaluations", tables.bars(failed, "gate")),
        _folded("Risk rules, orders", tables.rules(strategy)) if strategy.rules else None,
        _folded("Configuration", tables.pairs({"hash": tag("code", strategy.config_hash)}),
                tables.configuration(strategy)),
        class_="column",
    )  # fmt: skip
    return tag("section", heading if several else None, left, right, class_="strategy", id=f"strategy-{index}")


def _floats(counts: dict[str, int]) -> dict[str, float]:
    return {name: float(count) for name, count in counts.items()}


def _panel(name: str, *parts: Content) -> Html:
    return tag("section", tag("h2", name), *parts, class_="panel")


def _folded(name: str, *parts: Content) -> Html:
    return tag("details", tag("summary", name), *parts, class_="panel scroll")


def _days(report: Report) -> Html | None:
    return _panel("Days", tables.days_table(report.days)) if len(report.days) > 1 else None


def _provenance(report: Report) -> Html:
    return tag(
        "section", tag("h2", "What this was made of"), tables.provenance(report),
        tag("details", tag("summary", "How it was run"), tables.spec(report)), class_="panel made",
    )  # fmt: skip
