"""A sweep's page."""

from __future__ import annotations

import re
from dataclasses import replace

from hedgerow.backtest.html.figures import MINUS
from hedgerow.backtest.html.sweep import HeatMap, Ranking, heat_map, render_sweep

HEAT = HeatMap(
    "P&L", "cooldown_seconds", "hedge_threshold", ("30", "60"), ("10", "20", "40"),
    ((12.0, -50.0, 200.0), (None, 0.0, 100.0)),
)  # fmt: skip
RANKING = Ranking(("hedge_threshold", "P&L"), (("40", "+200.00"), ("<10>", "+12.00")), left_out=254)


def test_each_cell_has_its_place_colour_and_words() -> None:
    text = heat_map(HEAT)
    cells = re.findall(r'<rect class="cell (\w+)"(?: fill-opacity="([\d.]+)")? x="([\d.]+)%" y="(\d+)"', text)
    assert [class_ for class_, *_ in cells] == ["above", "below", "above", "missing", "above", "above"]
    assert [float(x) for _, _, x, _ in cells] == [0.0, 33.33, 66.67, 0.0, 33.33, 66.67]
    strengths = [float(strength) for _, strength, *_ in cells if strength]
    assert strengths == [0.12, 0.23, 0.68, 0.08, 0.38]
    assert f"cooldown_seconds 30, hedge_threshold 20: P&amp;L {MINUS}50" in text
    assert "cooldown_seconds 60, hedge_threshold 10: no result" in text


def test_the_best_cell_alone_is_framed() -> None:
    framed = re.findall(r'<rect class="best" x="([\d.]+)%" y="(\d+)"', heat_map(HEAT))
    assert framed == [("66.67", "0")]
    assert "best" not in heat_map(replace(HEAT, values=((None,) * 3, (None,) * 3)))


def test_a_wide_map_writes_its_values_into_the_table_alone() -> None:
    wide = replace(HEAT, columns=[str(n) for n in range(40)], values=[[1.0] * 40, [2.0] * 40])
    text = heat_map(wide)
    assert 'class="value"' not in text
    assert text.count('text-anchor="middle"') == 14  # every third column is named


def test_the_page_holds_map_ranking_and_facts_and_escapes_them() -> None:
    page = render_sweep("Sweep <1>", {"tape hash": "7a9e"}, RANKING, [HEAT], "best of 256 & no more")
    assert page == render_sweep("Sweep <1>", {"tape hash": "7a9e"}, RANKING, [HEAT], "best of 256 & no more")
    for words in (
        "Sweep &lt;1&gt;",
        "254 more",
        "7a9e",
        "&lt;10&gt;",
        "best of 256 &amp; no more",
        "The same as a table",
    ):
        assert words in page, words
    assert "://" not in page
