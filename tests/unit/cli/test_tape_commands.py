"""`hedgerow tape`: what the commands write, print and refuse, from the flags down."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from hedgerow.backtest.scenarios import overlay
from hedgerow.cli.tape_history import app
from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import Tape
from hedgerow.tape.reader import read_tape
from hedgerow.tape.synth import synth_tape
from hedgerow.tape.writer import write_tape
from tests.unit.tape.lean_folder import DAY, OPEN_MS, bar, equity_zip

MAPPING = "columns: {time: t, bid: b, ask: a}\nsymbol: GOOG\n"
ROWS = "t,b,a\n2015-12-24 10:00:00,100,101\n2015-12-24 10:00:01,102,101\n2015-12-28 10:00:00,0,101\n"


def run(*arguments: object, code: int = 0) -> Any:
    """The JSON document a command prints."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "q.csv").write_text(ROWS)
    return tmp_path / "q.csv"


def test_the_default_day_keeps_its_bytes(tmp_path: Path) -> None:
    run("synth", "--seed", 3, "--out", tmp_path / "t.parquet")
    write_tape(tmp_path / "plain.parquet", *synth_tape(3, date(2024, 1, 16)))
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "plain.parquet").read_bytes()


@pytest.mark.parametrize("model", ["swings", "regimes"])
def test_days_in_a_row(tmp_path: Path, model: str) -> None:
    document = run("synth", "--model", model, "--days", 2, "--date", "2024-01-12", "--out", tmp_path)
    assert [each["date"] for each in document["tapes"]] == ["2024-01-12", "2024-01-16"]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["SIMX-2024-01-12.parquet", "SIMX-2024-01-16.parquet"]


def test_a_scenario_is_the_templates_day(tmp_path: Path) -> None:
    run("synth", "--scenario", "gap", "--seed", 5, "--out", tmp_path / "t.parquet")
    tape = read_tape(tmp_path / "t.parquet")
    wanted = overlay(Tape.of(*synth_tape(5, date(2024, 1, 16))), "gap", 5)
    assert tape.meta == wanted.meta
    np.testing.assert_array_equal(tape.bid, wanted.bid)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["--scenario", "noise"], "scenario"),
        (["--scenario", "gap", "--days", "2"], "--scenario"),
        (["--days", "2"], "--out"),
        (["--date", "2024-01-13"], "date"),
    ],
)
def test_what_synth_refuses(tmp_path: Path, arguments: list[str], key: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{key}: "):
        run("synth", "--out", tmp_path / "t.parquet", *arguments)


def test_import_csv_writes_a_tape_a_day_and_counts(csv_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    document = run("import-csv", csv_file, "--mapping", tmp_path / "m.yaml", "--out", folder)
    assert [each["quality"] for each in document["tapes"]] == [{"CROSSED": 1, "GAP": 2}, {"ZERO_PRICE": 1, "GAP": 2}]
    assert document["tapes"][0]["report"]["defects"]["CROSSED"] == {
        "count": 1, "action": "keep", "first_row": 1, "first_ts": 1450969201000000000,
    }  # fmt: skip
    one = tmp_path / "one.parquet"
    arguments = ("--mapping", tmp_path / "m.yaml", "--out", one, "--date", "2015-12-24", "--policy", "crossed=drop")
    assert run("import-csv", csv_file, *arguments)["tapes"][0]["rows"] == 1
    with pytest.raises(InvalidValue, match=r"^--out: "):
        run("import-csv", csv_file, "--mapping", tmp_path / "m.yaml", "--out", tmp_path / "nowhere")


def test_check_says_what_is_wrong_and_whether_the_tape_is_usable(csv_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    run("import-csv", csv_file, "--mapping", tmp_path / "m.yaml", "--out", path, "--date", "2015-12-24")
    document = run("check", path)
    assert (document["usable"], document["defects"]["CROSSED"]["count"]) == (True, 1)
    assert run("check", path, "--policy", "CROSSED=refuse", code=1)["refused"] == ["CROSSED"]
    table = pq.read_table(path)
    at = table.schema.get_field_index("bid")
    pq.write_table(table.set_column(at, table.schema.field(at), pa.array([0.0, 102.0])), path)
    document = run("check", path, code=1)
    assert (document["usable"], document["refused"]) == (False, ["ZERO_PRICE"])


def test_import_lean_takes_its_flags(tmp_path: Path) -> None:
    equity_zip(tmp_path, [bar(OPEN_MS, 1_000_000, 1_000_100), bar(OPEN_MS + 60_000, 1_000_200, 1_000_100)])
    arguments = ("--data", tmp_path, "--symbol", "abc", "--date", DAY, "--out", tmp_path / "t.parquet", "--no-trades")
    document = run("import-lean", *arguments, "--resolution", "minute")
    assert (document["rows"], document["quality"]) == (2, {"CROSSED": 1, "GAP": 1})
    with pytest.raises(InvalidValue, match="CROSSED: 1"):
        run("import-lean", *arguments, "--policy", "crossed=refuse")
