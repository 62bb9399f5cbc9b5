"""`hedgerow sweep`: its table, its files, its errors."""

import csv
import io
import json

import pytest
import yaml
from typer.testing import CliRunner

from hedgerow.cli.main import app
from hedgerow.domain.errors import InvalidValue
from tests import sweep_world


@pytest.fixture
def sweep(tmp_path):
    """The command over the small spec."""
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(sweep_world.TREE))
    return lambda *more: CliRunner().invoke(app, ["sweep", "--spec", str(path), "--plain", "--jobs", "1", *more])


THRESHOLDS = ("--param", "gates.state.delta.hedge_threshold=20,40")


def test_json_and_files(sweep, tmp_path):
    more = ("--walk-forward", "1:1", "--output", str(tmp_path / "out"), "--set", "commissions=tiered")
    done = sweep(*THRESHOLDS, *more, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert len(told["walk_forward"]["folds"]) == 1
    assert sorted(each["combination"] for each in told["ranking"]) == [0, 1]
    again = sweep(*THRESHOLDS, *more, "--csv")
    assert again.exit_code == 0, again.exception
    lines = list(csv.DictReader(io.StringIO(again.stdout)))
    assert [float(line["pnl"]) for line in lines] == [each["pnl"] for each in told["ranking"]]


def test_a_table_and_no_bar_where_nobody_watches(sweep):
    done = sweep("--param", "gates.state.delta.hedge_threshold=15:60", "--random", "2", "--seed", "3")
    assert done.exit_code == 0, done.output
    assert "2 combinations by sharpe" in done.stdout
    assert "expected to show a Sharpe ratio" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--param", "gates.state.delta.hedge_treshold=1,2"), "hedge_treshold"),
        (("--param", "nonsense"), "key=a:b:step"),
        ((*THRESHOLDS, "--walk-forward", "9:9"), "at most 2 trading days"),
        ((*THRESHOLDS, "--walk-forward", "9"), "whole trading days"),
        ((*THRESHOLDS, "--rank-by", "luck"), "--rank-by"),
        ((*THRESHOLDS, "--scheduler", "tcp://127.0.0.1:1"), "--jobs"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(sweep, more, says):
    done = sweep(*more)
    assert isinstance(done.exception, InvalidValue)
    assert says in str(done.exception)
