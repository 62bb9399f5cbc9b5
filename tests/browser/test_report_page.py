"""The backtest's report in a browser that reaches nobody: charts are seen, read by pointer and keyboard, and fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hedgerow.backtest.html.page import render
from hedgerow.backtest.html.sweep import HeatMap, Ranking, render_sweep
from tests import hand_made_report as made

LIMIT_MS = 10_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two strategies over two days."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    text = render(made.report(made.strategy(days=2), made.strategy("time-based", 2, 1.0)))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The report in a tab without a network; on leaving nothing was complained about and nothing else asked for."""
    options = getattr(request, "param", {"viewport": {"width": 1440, "height": 1000}})
    context = browser.new_context(offline=True, **options)
    context.set_default_timeout(LIMIT_MS)
    tab = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda one: asked.append(one.url))
    tab.goto(file.as_uri())
    yield tab
    context.close()
    assert complaints == []
    assert asked == [file.as_uri()]


def test_every_chart_is_drawn(page: Page) -> None:
    drawings = page.locator("svg[role=img]")
    assert drawings.count() >= 20
    for box in (each.bounding_box() for each in drawings.all()):
        assert box is not None
        assert box["width"] > 200
        assert box["height"] >= 14
    price = page.locator("path.line.price").first
    box = price.bounding_box()
    assert box is not None
    assert box["width"] > 600
    assert box["height"] > 150
    stroke = price.evaluate("line => getComputedStyle(line).stroke")
    assert stroke not in ("none", "rgb(0, 0, 0)")  # our style applies, the policy let it
    marks = page.locator("g.buy use").first.bounding_box()
    assert marks is not None
    assert 8 <= marks["width"] <= 16


def test_values_are_read_under_the_pointer_and_by_the_keyboard(page: Page) -> None:
    panel = page.locator("#strategy-0 .panel").first
    stack, readout, cursor = (panel.locator(name) for name in (".stack", ".readout", ".cursor"))
    idle = readout.inner_text()
    panel.scroll_into_view_if_needed()
    box = stack.locator("svg.plot").first.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] * 50 / 780  # two days of 390 minutes: 50 minutes into the first
    page.mouse.move(at, box["y"] + 60)
    expect(readout).to_have_text(
        re.compile(r"^Jan 16 10:20:00 · spot 9\d\.\d\d · net delta .* · held back by COOLDOWN$")
    )
    expect(cursor).to_be_visible()
    line = cursor.bounding_box()
    assert line is not None
    assert abs(line["x"] - at) < 2
    page.mouse.move(2, 2)
    expect(readout).to_have_text(idle)
    stack.focus()
    page.keyboard.press("ArrowRight")
    expect(readout).to_contain_text("09:30:00")
    page.keyboard.press("ArrowRight")
    expect(readout).to_contain_text("09:31:00")
    page.keyboard.press("Escape")
    expect(readout).to_have_text(idle)


def test_compared_strategies_are_read_side_by_side(page: Page) -> None:
    page.locator(".compared .stack").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".compared .readout")).to_have_text(
        re.compile(r"^Jan 17 16:00:00 · gamma-scalper [\d.,]+ · time-based [\d.,]+$")
    )


@pytest.mark.parametrize(
    "page",
    [
        {"viewport": {"width": width, "height": 812}, "color_scheme": scheme}
        for width, scheme in ((375, "light"), (375, "dark"), (768, "light"), (1440, "dark"))
    ],
    indirect=True,
)
def test_nothing_overflows_and_text_can_be_read(page: Page) -> None:
    for folded in page.locator("details > summary").all():
        folded.click()
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert min(sizes) >= 11
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    ground, ink = (
        sum(map(int, re.findall(r"\d+", page.evaluate(f"getComputedStyle(document.body).{name}"))[:3]))
        for name in ("backgroundColor", "color")
    )
    assert (ground < 150 and ink > 600) if dark else (ground > 600 and ink < 150)


def test_names_of_the_time_axis_do_not_run_into_each_other(page: Page) -> None:
    axes = page.evaluate(
        """[...document.querySelectorAll("svg.times")].map(axis => [...axis.querySelectorAll("text")].map(label => {
            const box = label.getBoundingClientRect(); return [box.left, box.right]; }))"""
    )
    assert len(axes) >= 5
    for edges in axes:
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(edges))), edges


def test_a_sweeps_page_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    values = [[float(row * column - 40) for column in range(12)] for row in range(10)]
    heat = HeatMap("P&L", "cooldown_seconds", "hedge_threshold", [str(n) for n in range(10)],
                   [str(n) for n in range(12)], values)  # fmt: skip
    file = tmp_path / "sweep.html"
    file.write_text(render_sweep("Sweep", {}, Ranking(("combination", "P&L"), (("1", "+59.00"),)), [heat]))
    context = browser.new_context(offline=True, viewport={"width": 375, "height": 812})
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("rect.cell")).to_have_count(120)
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    context.close()
    assert widths[0] <= widths[1]
