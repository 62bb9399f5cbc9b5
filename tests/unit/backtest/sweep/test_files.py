"""What a sweep's folder holds: the same in every format, the same bytes again."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from hedgerow.backtest.sweep import files
from hedgerow.backtest.sweep.run import Sweep
from hedgerow.backtest.sweep.standings import standings
from tests import sweep_world
from tests.sweep_world import HEADER, row


@pytest.fixture(scope="module")
def sweep():
    rows = tuple(row(number, [[1.0 + number, -2.0, 3.0]] * 4) for number in range(4))
    return Sweep(sweep_world.plan(), HEADER, rows)


def test_the_folder_holds_all_and_the_same_bytes_again(sweep, tmp_path):
    told = standings(sweep, (2, 1))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.write_all(sweep, told, tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["ranking.csv", "results.parquet", "sweep.html", "sweep.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_parquet_has_every_combination_in_order(sweep, tmp_path):
    files.write_all(sweep, standings(sweep), tmp_path)
    table = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert [each["number"] for each in table] == [0, 1, 2, 3]
    assert [each["gates.state.delta.hedge_threshold"] for each in table] == [20, 20, 40, 40]
    assert [each["pnl"] for each in table] == [each.pnl for each in sweep.rows]
    assert table[0]["days"] == list(sweep_world.DAYS)
    assert json.loads(table[0]["block_reasons"]) == {"COOLDOWN": 7}


def test_csv_and_json_say_the_same(sweep):
    told = standings(sweep)
    lines = list(csv.DictReader(io.StringIO(files.to_csv(sweep, told))))
    ranking = files.document(sweep, told)["ranking"]
    assert [each["rank"] for each in ranking] == [1, 2, 3, 4]
    assert [float(line["pnl"]) for line in lines] == [each["pnl"] for each in ranking]
    assert ranking[0]["gates.state.delta.hedge_threshold"] == 40
    assert ranking[0]["block_reasons"] == {"COOLDOWN": 7}
    assert "out_of_sample_sharpe" not in ranking[0]
    assert "out_of_sample_sharpe" in files.document(sweep, standings(sweep, (2, 1)))["ranking"][0]


def test_heat_map_of_two_parameters(sweep):
    told = standings(sweep, by="pnl")
    heat = files.heat_map(sweep, told)
    assert heat is not None
    assert (heat.metric, heat.row_parameter, heat.rows, heat.columns) == (
        "pnl", "gates.state.delta.hedge_threshold", ["20", "40"], ["0", "60"])  # fmt: skip
    assert heat.values == [[8.0, 12.0], [16.0, 20.0]]
    assert "<svg" in files.page(sweep, told)


def test_heat_map_takes_the_mean_over_a_third_parameter():
    plan = sweep_world.plan((*sweep_world.PARAMS, "fills.latency_ms=0,50"))
    sweep = Sweep(plan, HEADER, tuple(row(number, [[float(number), 0.0]] * 4) for number in range(8)))
    heat = files.heat_map(sweep, standings(sweep, by="pnl"))
    assert heat is not None
    assert heat.metric == "mean pnl"
    assert heat.values == [[2.0, 10.0], [18.0, 26.0]]


def test_no_heat_map_of_one_parameter():
    plan = sweep_world.plan(("gates.state.delta.hedge_threshold=20,40",))
    sweep = Sweep(plan, HEADER, (row(0, [[1.0, 2.0]] * 4), row(1, [[1.0, 2.0]] * 4)))
    assert files.heat_map(sweep, standings(sweep)) is None
