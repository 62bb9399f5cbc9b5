"""The report's page: the same bytes, nothing from outside becomes markup, nothing is asked of anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from hedgerow.backtest.html.page import render
from hedgerow.backtest.report import Curve, Pnl, StrategyReport
from hedgerow.backtest.timeline import DIMENSIONS, Stretch
from tests import hand_made_report as made

HOSTILE = """"><script>alert(1)</script><img src=x onerror='alert("2")'>&amp;</title>"""
PARTS = ("gamma", "theta", "vega", "hedging cost", "slippage", "commissions", "total")


class Reader(HTMLParser):
    """Elements and their attributes; complains of one that is closed without being open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def count(self, name: str, class_: str | None = None) -> int:
        return sum(
            each == name and (class_ is None or class_ in (attributes.get("class") or "").split())
            for each, attributes in self.elements
        )


def read(*strategies: StrategyReport, **changes: str) -> Reader:
    reader = Reader(render(made.report(*strategies, **changes)))
    assert reader.open == []
    return reader


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(made.report()) == render(made.report())
    assert render(made.report()) != render(made.report(run_id="another"))


def test_every_chart_is_there_and_says_what_it_shows() -> None:
    page = read()
    drawings = [attributes for name, attributes in page.elements if name == "svg" and attributes.get("role") == "img"]
    assert all(attributes.get("aria-label") for attributes in drawings)
    said = " | ".join(attributes["aria-label"] or "" for attributes in drawings)
    for words in ("Price of SIMX", "Net delta", "P&L over time", "Drawdown", "Slippage of 5 orders", "10: 0 bought"):
        assert words in said, words
    for words in ("Option position", "Delta deviation", "Market regime", "Liquidity", "Execution", "System health"):
        assert f"{words}: " in said, words


def test_hedges_are_marked_where_they_filled_and_canceled_orders_are_not() -> None:
    page = read()
    assert (page.count("g", "buy"), page.count("g", "sell")) == (2, 3)
    assert page.count("rect", "held") == 1


def test_the_waterfall_ends_at_the_total() -> None:
    text = render(made.report())
    table = re.search(r'<table class="bars waterfall">.*?</table>', text)
    assert table is not None
    assert re.findall(r'<th scope="row">(.*?)</th>', table[0]) == list(PARTS)
    bars = [
        (float(x), float(width))
        for x, width in re.findall(r'<rect class="\w+" x="([\d.]+)%".*?width="([\d.]+)%"', table[0])
    ]
    assert len(bars) == 7
    # gamma rises from zero, theta falls from where gamma ended, commissions end where the total's bar ends
    assert sum(bars[0]) == pytest.approx(sum(bars[1]), abs=0.02)
    assert bars[5][0] == pytest.approx(sum(bars[6]), abs=0.02)
    assert "+412.25" in table[0]


def test_what_is_drawn_stands_in_a_table_too() -> None:
    page = read()
    words = [text for text in page.words if text.strip()]
    folded = {name: words.index(name) for name in ("The course as a table", "Stretches held back (1)", "Orders (6)")}
    first = words[folded["The course as a table"] + 1 :]
    assert first[:6] == ["New York", "spot", "net delta", "P&L", "drawdown", "stock"]
    assert first[6:9] == ["2024-01-16 09:30:00", "101.0000", "0.0"]
    assert "2024-01-16 16:00:00" in first
    held = words[folded["Stretches held back (1)"] + 5 :]
    assert held[:4] == ["2024-01-16", "10:10:00", "10:28:00", "COOLDOWN"]


def test_text_from_outside_stays_text() -> None:
    part = made.strategy(
        HOSTILE, kind=HOSTILE, symbol=HOSTILE, config_hash=HOSTILE, gates={HOSTILE: {HOSTILE: [HOSTILE]}},
        block_reasons={HOSTILE: 3}, effective_limits={HOSTILE: 1.0},
    )  # fmt: skip
    hostile = made.strategy(
        HOSTILE, orders=tuple(replace(order, status=HOSTILE) for order in part.orders),
        timeline=replace(made.timeline(part), blocked=tuple(
            replace(each, name=HOSTILE) for each in made.timeline(part).blocked)),
    )  # fmt: skip
    for strategies in ((part,), (hostile,), (part, hostile)):
        report = made.report(*strategies, run_id=HOSTILE)
        tapes = tuple(replace(tape, symbol=HOSTILE, source=HOSTILE, date=HOSTILE) for tape in report.tapes)
        text = render(replace(report, tapes=tapes, code_version=HOSTILE, config_hash=HOSTILE))
        page = Reader(text)
        assert page.open == []
        assert page.count("img") == 0
        assert page.count("script") == 1 + page.count("div", "stack")
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert HOSTILE in page.words
        for data in re.findall(r'<script type="application/json">(.*?)</script>', text):
            assert json.loads(data)["share"]


def test_nothing_is_fetched_and_only_our_own_style_and_script_may_run() -> None:
    text = render(made.report(made.strategy(), made.strategy("second")))
    page = Reader(text)
    assert [attributes for _, attributes in page.elements if "src" in attributes] == []
    assert {attributes["href"] for _, attributes in page.elements if "href" in attributes} <= {
        "#mark-buy", "#mark-sell", "#mark-dot", "#mark-ring", "#strategy-0", "#strategy-1",
    }  # fmt: skip
    assert "://" not in text
    assert "url(" not in text
    policy = next(attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes) or ""
    assert policy.startswith("default-src 'none'")
    for element in ("style", "script"):
        inside = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        assert inside is not None
        assert base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode() in policy
    assert [attributes for _, attributes in page.elements if "style" in attributes] == []  # the policy would drop them


def test_several_strategies_are_compared_and_several_days_listed() -> None:
    page = read(made.strategy(days=3), made.strategy("time-based", 3, 1.0), made.strategy("moving-average", 3, 2.0))
    words = "".join(page.words)
    assert "Strategies compared" in words
    assert [page.count("path", f"s{index}") for index in range(4)] == [1, 1, 1, 0]
    assert page.count("section", "strategy") == 3
    assert "2024-01-18" in words
    assert "2024-01-16 to 2024-01-18, 3 days" in words


def test_a_run_of_nothing_is_a_page_too() -> None:
    nothing = Pnl(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    quality = replace(made.QUALITY, decision_slippage_per_share=None, decision_slippage_usd=None, partial_share=None)
    empty = made.strategy(
        orders=(), timeline=None, equity=Curve(0, (), (), (), (), ()), pnl=nothing, block_reasons={}, guards={},
        execution=quality, gates={},
    )  # fmt: skip
    page = read(replace(empty, days=()))
    assert "No order was filled." in page.words
    assert "Nothing held a hedge back." in page.words


def test_values_that_are_missing_interrupt_the_line() -> None:
    part = made.strategy()
    curve = part.equity
    holes = tuple(None if 100 < index < 200 else value for index, value in enumerate(curve.net_delta))
    text = render(made.report(replace(part, equity=replace(curve, net_delta=holes))))
    path = re.search(r'<path class="line delta" d="([^"]*)"', text)
    assert path is not None
    assert path[1].count("M") == 2


def test_not_a_number_is_never_drawn() -> None:
    part = made.strategy()
    orders = tuple(replace(order, average_price=math.nan, decision_mid=None) for order in part.orders)
    text = render(made.report(replace(part, orders=orders)))
    assert '="nan' not in text
    assert "nan%" not in text


def test_every_state_has_a_colour() -> None:
    part = made.strategy()
    end = made.OPEN_NS + made.MINUTE_NS
    states = {name: tuple(Stretch(made.OPEN_NS, end, one.name) for one in words) for name, words in DIMENSIONS.items()}
    page = read(replace(part, timeline=replace(made.timeline(part), states=states)))
    assert page.count("rect", "state") == sum(len(words) for words in DIMENSIONS.values())
