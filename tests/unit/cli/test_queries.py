"""`hedgerow stats` and `hedgerow operations` on a session nobody runs any more: windows, pages, bad input."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli.main import app
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.period import NEW_YORK
from hedgerow.store.engine import open_store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writes import Write


def at(text: str) -> int:
    """New York time as ns UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def trade(number: int, side: str, price: str, when: str) -> list[Write]:
    common = {"client_order_id": f"c{number}", "strategy": "goog", "account": "SIM1", "instrument": "GOOG",
              "multiplier": 1, "side": side}  # fmt: skip
    filled = {"execution_id": f"e{number}", "quantity": Decimal(10), "price": Decimal(price), "sequence": number,
              "commission": Decimal(1), "event_ns": at(when), "receive_ns": number}  # fmt: skip
    told = operation_row(
        OperationType.FILL, wall_ns=at(when), market_ns=at(when), strategy="goog", client_order_id=f"c{number}"
    )
    order = {"intent_id": f"i{number}", "order_status": "FILLED", "bid": 99.0, "ask": 101.0}
    return [Write("orders", common | order), Write("fills", common | filled), told]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Three days of one order each; no process lives, and the files cannot be written."""
    rows = [
        *trade(1, "BUY", "100", "2015-12-31T10:00:00"),
        *trade(2, "SELL", "102", "2016-01-04T10:00:00"),
        *trade(3, "BUY", "99", "2016-01-05T23:59:59"),
    ]
    with open_store(tmp_path / "store", "execution") as store, store.begin() as connection:
        for row in rows:
            connection.execute(store.table(row.table).insert().values(**row.values))
    return tmp_path


def hedgerow(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> list[dict[str, Any]]:
    done = hedgerow(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout))


def test_a_day_is_the_usual_period_and_both_ends_of_a_window_count(session: Path) -> None:
    assert [row["start_date"] for row in printed("stats", session)] == ["2015-12-31", "2016-01-04", "2016-01-05"]
    window = printed("stats", session, "--since", "2016-01-04", "--until", "2016-01-04")
    assert [(row["start_date"], row["realized_pnl"], row["net_pnl"], row["win_rate"]) for row in window] == [
        ("2016-01-04", "20", "19", 1.0)
    ]
    assert [row["start_date"] for row in printed("stats", session, "--until", "2016-01-05")][-1] == "2016-01-05"
    assert printed("stats", session, "--strategy", "twx") == []


@pytest.mark.parametrize(
    ("by", "starts"),
    [("week", ["2015-12-28", "2016-01-04"]), ("month", ["2015-12-01", "2016-01-01"])],
)
def test_weeks_and_months(session: Path, by: str, starts: list[str]) -> None:
    assert [row["start_date"] for row in printed("stats", session, "--by", by)] == starts


def test_people_see_two_tables(session: Path) -> None:
    text = hedgerow("stats", session, "--by", "month").stdout
    assert "results of closing fills, net of commissions" in text
    assert "100%" in text


def test_operations_between_two_moments_and_page_by_page(session: Path) -> None:
    seconds = at("2016-01-04T10:00:00") // 10**9
    found = printed("operations", session, "--since", "2015-12-31T15:00:01Z", "--until", seconds + 1)
    assert [row["client_order_id"] for row in found] == ["c2"]
    assert printed("operations", session, "--until", seconds)[0]["client_order_id"] == "c1"
    first = hedgerow("operations", session, "--limit", 2, "--json")
    token = first.stderr.split("--page-token ")[1].strip()
    rest = printed("operations", session, "--limit", 2, "--page-token", token)
    assert [row["client_order_id"] for row in [*json.loads(first.stdout), *rest]] == ["c3", "c2", "c1"]
    assert "--page-token" not in hedgerow("operations", session).stderr


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("stats", "--since", "yesterday"), "--since"),
        (("stats", "--since", "2016-01-05", "--until", "2016-01-03"), "--until"),
        (("operations", "--since", "2016-01-05"), "--since"),
        (("operations", "--since", "9", "--until", "8"), "--until"),
        (("operations", "--type", "FILLED"), "--type"),
        (("operations", "--page-token", "x"), "page_token"),
    ],
)
def test_bad_input_is_named(session: Path, arguments: tuple[str, ...], key: str) -> None:
    refused = hedgerow(arguments[0], session, *arguments[1:]).exception
    assert isinstance(refused, InvalidValue)
    assert refused.key == key


def test_statistics_need_no_process_and_write_nothing(session: Path) -> None:
    before = {path: path.read_bytes() for path in (session / "store").iterdir()}
    printed("stats", session)
    changed = {path.name for path, old in before.items() if path.read_bytes() != old}
    assert not {name for name in changed if name.endswith(".db")}
