"""The page of a recorded session: one file that holds everything and lets nothing out."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.cli import dashboard
from hedgerow.cli.page_data import page_data
from hedgerow.domain.errors import FailedPrecondition
from hedgerow.settings import load
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write

NOW = 1_700_000_000_000_000_000
EVIL = "</script><script>alert(1)</script>"


def _record(sequence: int, reason: str = "BELOW_THRESHOLD") -> dict[str, object]:
    texts = (
        "cause", "option_position", "delta_deviation", "market_regime", "liquidity", "execution_state",
        "system_health", "trading_fsm_state", "hedge_fsm_state", "intent_id", "config_hash", "code_version",
    )  # fmt: skip
    return dict.fromkeys(texts, "X") | {
        "sequence": sequence, "market_ts": NOW + sequence, "gates": {"PAUSED": "PASS"}, "intent_quantity": None,
        "spot": 100.0, "quote_time": NOW, "net_delta": None, "block_reason": reason, "intent_id": "",
    }  # fmt: skip


@pytest.fixture
async def session(tmp_path: Path) -> StateDir:
    """A session that has ended: one strategy, one option position, a few decisions and an operation."""
    state = StateDir(tmp_path / "s").create()
    load().dump(state.settings_file)
    snapshot = {
        "strategy": "gamma-scalper", "ts": NOW, "market_ts": NOW, "daemon_state": "STOPPED", "block_reasons": [],
        "symbol": "SIMX", "spot": 100.0, "note": EVIL,
    }  # fmt: skip
    status = {"strategy": "gamma-scalper", "ts": NOW, "market_ns": NOW, "spot": 100.0, "snapshot": snapshot}
    with open_store(state.store_dir, "strategy-gamma-scalper") as store:
        writer = AsyncWriter(store)
        await writer.write([Write("status_current", status), Write("status_history", status)])
        for sequence in range(1, 7):
            record = _record(sequence, "COOLDOWN" if sequence == 6 else "BELOW_THRESHOLD")
            row = {"sequence": sequence, "wall_ns": NOW, "market_ns": NOW + sequence, "spot": 100.0, "record": record}
            await writer.write([Write("decisions", row)])
        operation = {"wall_ns": NOW, "type": "FILL", "strategy": "gamma-scalper", "text": EVIL}
        await writer.write([Write("operations", operation)])
        await writer.close()
    with open_store(state.store_dir, "portfolio") as store:
        writer = AsyncWriter(store)
        held = {
            "account": "SIM0000001", "owner": "gamma-scalper", "instrument": "SIMX 20160115 100 C", "multiplier": 100,
            "quantity": Decimal(2), "average_price": Decimal("3.5"),
        }  # fmt: skip
        mark = {"instrument": "SIMX 20160115 100 C", "price": Decimal("4.25"), "wall_ns": NOW}
        account = {"account": "SIM0000001", "net_liquidation": Decimal("1000.5"), "currency": "USD", "fetched_ns": NOW}
        await writer.write([Write("positions", held), Write("marks", mark), Write("accounts", account)])
        await writer.close()
    return state


def test_the_record_holds_what_the_gateway_would_tell(session: StateDir) -> None:
    data = page_data(session)
    own = data["strategies"]["gamma-scalper"]
    assert data["status"]["statusLamp"] == "STATUS_LAMP_YELLOW"
    assert data["status"]["reasons"] == ["STOPPED_BY_OPERATOR: stopped by an operator"]
    [position] = data["portfolio"]["positions"]
    assert position["unrealizedPnl"] == {"value": "150.00"}
    assert position["instrument"]["strike"] == {"value": "100"}
    assert data["portfolio"]["accounts"][0]["netLiquidation"] == {"value": "1000.5"}
    assert [each["sequence"] for each in own["decisions"]] == ["6", "5", "1"]  # 4 to 2 say what 5 and 1 say
    assert len(own["history"]) == 7
    assert own["operations"][0]["type"] == "FILL"


def test_the_file_is_whole_and_nothing_in_it_breaks_out(
    session: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (assets / "page.js").write_text("run()")
    (assets / "page.css").write_text("p{}")
    monkeypatch.setattr(dashboard, "_dist", lambda: tmp_path / "dist")
    text = dashboard.static_page(session)
    assert EVIL not in text
    found = re.search(r'id="page-data">(.*?)</script>', text)
    assert found is not None
    assert json.loads(found[1])["strategies"]["gamma-scalper"]["operations"][0]["text"] == EVIL
    assert text.count("<script") == 2
    assert "default-src 'none'; script-src 'sha256-" in text


def test_a_page_that_is_not_built_says_how(session: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "_dist", lambda: tmp_path)
    with pytest.raises(FailedPrecondition, match="make page"):
        dashboard.static_page(session)
