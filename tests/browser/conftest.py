"""A headless Chromium, and the systems the page is looked at on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.system import ROOT, System

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EAGER = (
    "gates.state.delta.epsilon_band=0.5", "gates.state.delta.hedge_threshold=1",
    "gates.intent.hedge.min_hedge_shares=1", "gates.intent.hedge.cooldown_seconds=0",
    "gates.intent.hedge.min_price_move_pct=0", "gates.guard.risk.max_daily_hedge_count=1000000",
    "gates.guard.risk.max_daily_loss_usd=100000000", "risk.max_orders_per_minute=1000000",
)  # fmt: skip
"""Hedges whenever it can: a hedge that must not leave would show."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; a machine without it fails and says what to install."""
    if not (ROOT / "gateway" / "web" / "dist" / "index.html").is_file():
        pytest.fail("the page is not built: run `make page`")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("no Chromium on PATH: run `sh tools/need.sh chromium`, or apt-get install chromium")
    # not for the whole run: its event loop stays the thread's running one, and no asynchronous test could run beside it
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """`hedgerow up --sim` on a market of 20 minutes wall time, its daemon hedging often."""
    home: Path = tmp_path_factory.mktemp("eager") / "home"
    with System(home, "--sim", "--speed", "20", sets=EAGER) as system:
        system.await_state("RUNNING")
        yield system
